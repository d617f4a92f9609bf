"""What one review may take, of time and of registries: by the real server and a hostile one."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.images.facts import Platform, Wants
from slimgate.core.images.oci import MAX_DOCUMENT, OCI_MANIFEST
from slimgate.core.images.reference import Reference
from slimgate.engine.inspector import Inspector, Question
from slimgate.engine.judge import Judge
from slimgate.engine.ration import ReviewLimits
from slimgate.registry.client import RegistryClient
from tests.registry.conftest import settings_for
from tests.registry.hostile import Hostile, hostile
from tests.support.images import image, layer
from tests.support.turns import watching_turns
from tests.webhook import engine
from tests.webhook.reviews import Answered, deployment, review
from tests.webhook.serving import Live, serving, until

DENYING = engine.policy(on_unknown="Deny")
FAT = image([layer({"app": bytes(64 * engine.LIMIT)}, compression="none")])
SMALL = [image([layer({"app": b"%d" % number})]) for number in range(6)]
HEAVY = {"lists": b"[],", "text": b'"%s",' % (b"a" * 2**20)}


@dataclass(kw_only=True)
class World:
    """A server, a registry, and all that is between them."""

    live: Live
    registry: Hostile
    inspector: Inspector
    files: dict[str, bytes] = field(default_factory=dict)
    """What the registry has, by the end of the path."""
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    """Until this is set, it does not answer."""

    def named(self, tag: str) -> str:
        """Name an image."""
        return f"{self.registry.host}/team/app:{tag}"

    def put(self, tag: str, body: bytes) -> None:
        """Push a manifest."""
        self.files[f"manifests/{tag}"] = body

    async def ask(self, *tags: str, seconds: float = 5) -> tuple[Answered, float]:
        """Have a Deployment of these images reviewed, and tell how long it took."""
        pod = {"containers": [{"name": f"c{tag}", "image": self.named(tag)} for tag in tags]}
        asked = deployment("") | {"spec": {"template": {"spec": pod}}}
        began = time.monotonic()
        status, body = await self.live.post(review(asked), f"{self.live.url}?timeout={seconds}s")
        assert status == 200
        return Answered.of(body), time.monotonic() - began

    def is_known(self, tag: str) -> bool:
        """Whether an image is at hand."""
        where, here = self.named(tag), (Platform("linux", "amd64"),)
        question = Question(Reference.parse(where), ANONYMOUS, here, Wants(), where)
        return self.inspector.cached(question) is not None


@asynccontextmanager
async def world(folder: Path, limits: ReviewLimits, **settings: object) -> AsyncIterator[World]:
    """Run everything."""
    files: dict[str, bytes] = {}
    opened = asyncio.Event()
    opened.set()

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        await opened.wait()
        body = files.get(request.path.partition("/team/app/")[2])
        headers = {"Content-Type": OCI_MANIFEST}
        return web.Response(status=404 if body is None else 200, body=body, headers=headers)

    catalog = engine.catalog(DENYING)
    async with (
        hostile(behave) as registry,
        RegistryClient(settings_for(registry.host, **settings)) as client,
    ):
        inspector = Inspector(client)
        judge = Judge(
            inspector=inspector,
            catalog=catalog,
            keyring=engine.Anonymous("shop"),
            now=lambda: engine.NOW,
            limits=limits,
        )
        async with serving(folder, judge, catalog) as live:
            yield World(
                live=live, registry=registry, inspector=inspector, files=files, opened=opened
            )
        await judge.close()
        await inspector.close()


@pytest.mark.parametrize("unit", HEAVY.values(), ids=HEAVY)
@pytest.mark.parametrize("place", [0, 30])
async def test_fillers_make_no_denial_late(tmp_path: Path, unit: bytes, place: int) -> None:
    """An answer after the timeout would be none, and the fat image would be let in."""
    limits = ReviewLimits(wait_seconds=2, requests=2_048, document_bytes=32 * 2**20)
    async with world(tmp_path, limits) as at, watching_turns() as taken:
        at.put("fat", FAT.manifest)
        tags = [str(number) for number in range(30)]
        for tag in tags:
            head = b'{"schemaVersion":2,"n":%s,"x":[' % tag.encode()
            count = (MAX_DOCUMENT - len(head) - 3) // len(unit)
            at.put(tag, head + unit * count + b"0]}")

        answer, seconds = await at.ask(*tags[:place], "fat", *tags[place:])

    assert not answer.allowed
    assert seconds < 4
    assert max(taken) < 0.8
    if not place:
        assert f'container "cfat": {at.named("fat")} pulls' in answer.message


async def test_who_hangs_is_waited_for_no_longer_than_is_set(tmp_path: Path) -> None:
    """What is not known by then is unknown, looked up behind, and at hand for the next review."""
    async with world(tmp_path, ReviewLimits(wait_seconds=0.3)) as at:
        at.put("slim", SMALL[0].manifest)
        at.opened.clear()

        late, seconds = await at.ask("slim")

        assert 0.3 <= seconds < 2
        assert not late.allowed
        said = f"{at.registry.host} did not answer in full within 0.3 s; slimgate goes on asking"
        assert said in late.message
        at.opened.set()
        await until(lambda: at.is_known("slim"))
        asked = len(at.registry.seen)
        answer, _ = await at.ask("slim")
        assert (answer.allowed, len(at.registry.seen)) == (True, asked)


@pytest.mark.parametrize(
    ("limits", "what", "reviews"),
    [
        (ReviewLimits(requests=2), "2 requests", 3),
        (ReviewLimits(document_bytes=1), "1 B of documents", 6),
    ],
)
async def test_what_a_review_takes_of_registries(
    tmp_path: Path, limits: ReviewLimits, what: str, reviews: int
) -> None:
    """Beyond it images are unknown, which nobody else hears, and the next review goes on."""
    async with world(tmp_path, limits, concurrency=1) as at:
        tags = [str(number) for number in range(6)]
        for tag, one in zip(tags, SMALL, strict=True):
            at.put(tag, one.manifest)
        at.opened.clear()
        both = asyncio.gather(at.ask(*tags), at.ask(tags[-1]))
        await until(lambda: at.registry.seen)
        at.opened.set()

        (first, _), (other, _) = await both
        answers = [(await at.ask(*tags))[0] for _ in range(reviews - 1)]

        assert other.allowed
        said = f"this review's {what} are used up: try again, which goes on from here"
        assert said in first.message
        assert len(at.registry.seen) == 6
        assert answers[-1].allowed


HISTORIES = {
    "pipes": ["RUN " + "a|" * 8_000] * 2,
    "substitutions": ["RUN " + "$(a " * 4_000] * 2,
    "many steps": ["RUN apt-get install gcc && apt-get remove gc*"] * 700,
}


@pytest.mark.parametrize("steps", HISTORIES.values(), ids=HISTORIES)
async def test_no_history_keeps_others_waiting(tmp_path: Path, steps: list[str]) -> None:
    """What an image says of how it was built takes its time to read, in a thread."""
    history = [{"created_by": step} for step in steps]
    fat = image(FAT.layers, history=history, config={"Env": ["A=" + "x" * 2**15]})
    async with world(tmp_path, ReviewLimits()) as at:
        at.put("fat", fat.manifest)
        at.files[f"blobs/{fat.config_descriptor.digest}"] = fat.config
        async with watching_turns() as taken:
            answer, _ = await at.ask("fat", seconds=9)

    assert f'container "cfat": {at.named("fat")} pulls' in answer.message
    assert "(linux/amd64)" in answer.message
    assert max(taken) < 0.8
