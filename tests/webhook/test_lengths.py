"""How long layers are, where nodes run what a manifest says falsely: by the real server."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from slimgate.core.images.oci import OCI_MANIFEST
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from slimgate.engine.ration import ReviewLimits
from slimgate.registry.client import RegistryClient
from tests.engine.cluster import node
from tests.registry.conftest import settings_for
from tests.registry.hostile import Hostile, hostile, silent
from tests.support.images import Image, but, image, layer
from tests.webhook import engine
from tests.webhook.reviews import Answered, deployment, review
from tests.webhook.serving import Live, serving

CRIO, CONTAINERD = "cri-o://1.34.1", "containerd://2.1.4"
MANY = ReviewLimits(wait_seconds=2, requests=2_048)
_NOISE = bytes((i * i * 31 + i // 7) % 256 for i in range(64 * engine.LIMIT))
FAT = image([layer({"app": _NOISE}, compression="none")])
SLIM = image([layer({"etc/app": b"slim"}), layer({"etc/more": b"slim"})])


def short(honest: Image) -> Image:
    """Have a manifest say a byte of each layer."""
    layers = [
        {"mediaType": one.media_type, "digest": one.descriptor.digest, "size": 1}
        for one in honest.layers
    ]
    return but(honest, layers=layers)


@dataclass(kw_only=True)
class Blobs:
    """How a registry answers who asks for layers, and where it sends them."""

    answer: Callable[[web.BaseRequest, bytes], Awaitable[web.StreamResponse]]
    elsewhere: Hostile | None = None


@dataclass(kw_only=True)
class World:
    """A server that knows nodes, and a registry that has a slim image and a fat one."""

    live: Live
    catalog: Catalog
    registry: Hostile
    blobs: Blobs

    async def ask(self, *names: str) -> Answered:
        """Have a Deployment of these images reviewed."""
        pod = {
            "containers": [
                {"name": f"c{name}", "image": f"{self.registry.host}/team/{name}:1"}
                for name in names
            ]
        }
        asked = deployment("") | {"spec": {"template": {"spec": pod}}}
        status, body = await self.live.post(review(asked), f"{self.live.url}?timeout=5s")
        assert status == 200
        return Answered.of(body)

    def asked(self, kind: str) -> list[str]:
        """List the methods of requests for `blobs` or `manifests`, and forget all."""
        seen = [one.method for one in self.registry.seen if f"/{kind}/" in one.path]
        self.registry.seen.clear()
        return seen


async def ranged(request: web.BaseRequest, blob: bytes) -> web.StreamResponse:
    """Serve a part, as registries do; HEAD is refused, as where addresses are signed for GET."""
    if request.method != "GET":
        return web.Response(status=403)
    found = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("Range", ""))
    if found is None:
        return web.Response(body=blob)
    first, last = int(found[1]), min(int(found[2]), len(blob) - 1)
    headers = {"Content-Range": f"bytes {first}-{last}/{len(blob)}"}
    return web.Response(status=206, body=blob[first : last + 1], headers=headers)


async def whole(request: web.BaseRequest, blob: bytes) -> web.StreamResponse:
    """Say how long it is, and begin to send all of it."""
    response = web.StreamResponse(headers={"Content-Length": str(len(blob))})
    await response.prepare(request)
    await response.write(blob[:1])
    return response


async def untold(request: web.BaseRequest, blob: bytes) -> web.StreamResponse:
    """Send all of it, without a word of how much that is."""
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(blob)
    return response


async def star(request: web.BaseRequest, blob: bytes) -> web.StreamResponse:
    """Serve a part, of something of any length."""
    del request
    return web.Response(status=206, body=blob[:1], headers={"Content-Range": "bytes 0-0/*"})


async def packed(request: web.BaseRequest, blob: bytes) -> web.StreamResponse:
    """Say how long it is in another form."""
    del request, blob
    return web.Response(body=b"a", headers={"Content-Encoding": "gzip"})


async def missing(request: web.BaseRequest, blob: bytes) -> web.StreamResponse:
    """Have nothing."""
    del request, blob
    return web.Response(status=404)


async def hanging(request: web.BaseRequest, blob: bytes) -> web.StreamResponse:
    """Say nothing."""
    del blob
    return await silent(request)


@asynccontextmanager
async def world(
    folder: Path,
    *,
    runtime: str | None = CRIO,
    on_unknown: str = "Allow",
    limits: ReviewLimits = MANY,
    redirects: bool = False,
) -> AsyncIterator[World]:
    """Run everything."""
    images = {"fat": FAT, "slim": SLIM, "short": short(FAT), "short-slim": short(SLIM)}
    blobs = Blobs(answer=ranged)
    bodies = {
        str(one.descriptor.digest): one.blob for each in images.values() for one in each.layers
    }
    bodies |= {str(each.config_descriptor.digest): each.config for each in images.values()}

    async def store(request: web.BaseRequest) -> web.StreamResponse:
        return await blobs.answer(request, bodies[request.path.rpartition("/")[2]])

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/v2/":
            return web.Response()
        name, _, rest = request.path.removeprefix("/v2/team/").partition("/")
        if rest.startswith("manifests/"):
            return web.Response(body=images[name].manifest, headers={"Content-Type": OCI_MANIFEST})
        digest = rest.rpartition("/")[2]
        if digest == images[name].config_descriptor.digest:
            return web.Response(body=bodies[digest])
        if blobs.elsewhere is not None:
            location = f"{blobs.elsewhere.url}/signed/{digest}"
            return web.Response(status=307, headers={"Location": location})
        return await store(request)

    catalog = engine.catalog(engine.policy(on_unknown=on_unknown))
    if runtime is not None:
        catalog.put_node(node("n1", "amd64", runtime))
    async with (
        hostile(store) as storage,
        hostile(behave) as registry,
        RegistryClient(settings_for(registry.host, storage.host)) as client,
    ):
        blobs.elsewhere = storage if redirects else None
        inspector = Inspector(client)
        judge = Judge(
            inspector=inspector,
            catalog=catalog,
            keyring=engine.Anonymous("shop"),
            now=lambda: engine.NOW,
            limits=limits,
        )
        async with serving(folder, judge, catalog) as live:
            yield World(live=live, catalog=catalog, registry=registry, blobs=blobs)
        await judge.close()
        await inspector.close()


@pytest.mark.parametrize("redirects", [False, True])
async def test_a_fat_layer_of_a_byte(tmp_path: Path, *, redirects: bool) -> None:
    """It is denied for what CRI-O would pull, though the manifest says a byte."""
    async with world(tmp_path, redirects=redirects) as at:
        answer = await at.ask("short")

    assert not answer.allowed
    assert "pulls at least 260 KiB (linux/amd64), limit 4 KiB" in answer.message


@pytest.mark.parametrize("runtime", [CONTAINERD, None])
async def test_nothing_more_is_asked_without_such_nodes(
    tmp_path: Path, runtime: str | None
) -> None:
    """A manifest is all that a pull size takes where every node compares lengths."""
    async with world(tmp_path, runtime=runtime, on_unknown="Deny") as at:
        answers = [await at.ask("slim", "short", "short-slim") for _ in range(2)]

        assert all(one.allowed and not one.warnings for one in answers)
        assert sorted(one.path for one in at.registry.seen) == [
            f"/v2/team/{name}/manifests/1" for name in ("short-slim", "short", "slim")
        ]


async def test_each_layer_is_asked_for_once(tmp_path: Path) -> None:
    """By one byte, whatever images have it, and whatever their manifests say of it."""
    async with world(tmp_path) as at:
        first = await at.ask("slim")
        assert (first.allowed, first.warnings) == (True, ())
        assert [one.headers.get("Range") for one in at.registry.seen] == [None, *["bytes=0-0"] * 2]
        assert at.asked("blobs") == ["GET"] * 2

        broken = await at.ask("slim", "short-slim")
        assert at.asked("blobs") == ["GET"]  # the config, for the platform that the warning names
        assert broken.allowed
        (warning,) = broken.warnings
        assert "a layer has 101 bytes, not the 1 bytes that the manifest says" in warning
        again = await at.ask("slim", "short-slim")
        assert (again, at.registry.seen) == (broken, [])


TOLD = {"a part": ranged, "the whole": whole}
UNTOLD = {
    "no length": (untold, "the registry does not tell how long the layer is"),
    "any length": (star, "the registry does not tell how long the layer is"),
    "another form": (packed, "the registry does not tell how long the layer is"),
    "nothing": (missing, "has no layer sha256:"),
    "silence": (hanging, "did not answer in full within 0.5 s; slimgate goes on asking"),
}


@pytest.mark.parametrize("answer", TOLD.values(), ids=TOLD)
async def test_who_tells(tmp_path: Path, answer: Callable[..., object]) -> None:
    """Whether it serves parts or not, the length is known without reading the layer."""
    async with world(tmp_path, on_unknown="Deny") as at:
        at.blobs.answer = answer  # type: ignore[assignment]
        assert (await at.ask("slim")).allowed
        assert not (await at.ask("short")).allowed


@pytest.mark.parametrize(("answer", "said"), UNTOLD.values(), ids=UNTOLD)
async def test_who_does_not_tell(tmp_path: Path, answer: Callable[..., object], said: str) -> None:
    """What may be within the limit is left to onUnknown; what the manifest says is above is not."""
    limits = ReviewLimits(wait_seconds=0.5)
    async with world(tmp_path, on_unknown="Deny", limits=limits) as at:
        at.blobs.answer = answer  # type: ignore[assignment]
        unknown, fat = await at.ask("short"), await at.ask("fat")

    assert not unknown.allowed
    assert said in unknown.message
    assert not fat.allowed
    assert "pulls at least 260 KiB" in fat.message


async def test_a_node_that_comes_later(tmp_path: Path) -> None:
    """What was admitted while all nodes compared lengths is judged anew once one does not."""
    async with world(tmp_path, runtime=CONTAINERD) as at:
        found = [(await at.ask("short")).allowed]
        at.catalog.put_node(node("n2", "amd64", CRIO))
        found.append((await at.ask("short")).allowed)
        at.catalog.drop_node("n2")
        found.append((await at.ask("short")).allowed)

    assert found == [True, False, True]


async def test_lengths_are_of_a_reviews_requests(tmp_path: Path) -> None:
    """Beyond its share the image is unknown, and the next review goes on from there."""
    limits = ReviewLimits(wait_seconds=2, requests=2)
    async with world(tmp_path, on_unknown="Deny", limits=limits) as at:
        first, second = await at.ask("slim"), await at.ask("slim")

    assert not first.allowed
    assert "this review's 2 requests are used up" in first.message
    assert second.allowed
