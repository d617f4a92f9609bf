"""What the API server refuses by itself follows verdicts, policies, exceptions and tags."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from slimgate.controller.refused import RefusedImages
from slimgate.core.admission.refused_texts import Data, remembered
from slimgate.core.credentials.identity import ANONYMOUS, Credential, CredentialEntry, Identity
from slimgate.core.images.facts import Digest, Inspection
from slimgate.core.images.reference import Reference
from slimgate.engine.inspector import Question
from slimgate.engine.judge import Judge
from tests.controller.fakes import FAT, LIMIT, World
from tests.engine.cluster import Keys, exception, policy, workload
from tests.engine.shelf import APP, EVERYTHING, tiny, until

WEB = workload(FAT)
TAG_SECONDS = 300.0
PRIVATE = Identity((CredentialEntry("*", Credential(username="me", password="pw")),))


@dataclass
class Kept:
    """Keeps what is written, and what an earlier run wrote."""

    parts: Sequence[Data] = ()
    earlier: frozenset[str] = frozenset()
    writes: list[int] = field(default_factory=list)

    def remembered(self) -> frozenset[str]:
        """Give what an earlier run wrote, once."""
        found, self.earlier = self.earlier, frozenset()
        return found

    async def write(self, parts: Sequence[Data]) -> bool:
        """Keep it."""
        self.parts = parts
        self.writes.append(len(parts))
        return True

    @property
    def images(self) -> set[str]:
        """The references that are refused."""
        values = [v for part in self.parts for k, v in part.items() if k.startswith("images.")]
        keys = (line.partition("\t")[0] for value in values for line in value.split("\n"))
        return {key for key in keys if "/" in key}

    @property
    def text(self) -> str:
        """All that is written."""
        return "\n".join(value for part in self.parts for value in part.values())


@dataclass
class OwnLook:
    """Looks images up as anybody may."""

    world: World

    def fresh(self, reference: Reference) -> Digest | None:
        """Return what is known already."""
        return self.world.inspector.resolver.fresh(reference, ANONYMOUS)

    async def inspect(self, reference: Reference) -> Inspection:
        """Look an image up."""
        platforms = self.world.catalog.platforms
        question = Question(reference, ANONYMOUS, platforms, EVERYTHING, str(reference))
        return await self.world.inspector.inspect(question)


class Site:
    """A reconciler's world, and what is written of it."""

    def __init__(self, earlier: frozenset[str] = frozenset()) -> None:
        self.world = World()
        self.enforce()
        self.kept = Kept(earlier=earlier)
        self.refused = RefusedImages(
            ledger=self.world.ledger,
            catalog=self.world.catalog,
            store=self.kept,
            look=OwnLook(self.world),
            changed=self.world.reconciler.changed.another(),
            now=self.world.wall,
            tag_seconds=TAG_SECONDS,
            pause=0.01,
            clock=self.world.clock,
        )

    def enforce(self, mode: str = "Enforce") -> None:
        """Have the policy refuse."""
        self.world.catalog.put_policy(policy(limits=LIMIT, mode=mode))

    async def written(self) -> set[str]:
        """Judge, write and return the references that are refused."""
        async with self.world.running():
            await self.world.quiet()
            await self.refused.write()
        return self.kept.images


async def test_an_image_over_an_enforced_limit() -> None:
    """It is written, and what is within the limit is not."""
    site = Site()
    site.world.show(WEB)
    site.world.show(workload(APP, name="slim"))

    assert await site.written() == {FAT}
    assert "[policy default, pullSize]" in site.kept.text


def _audit(site: Site) -> None:
    site.enforce(mode="Audit")


def _loosen(site: Site) -> None:
    site.world.catalog.put_policy(policy(limits={"pullSize": {"deny": "1Gi"}}, mode="Enforce"))


def _drop(site: Site) -> None:
    site.world.catalog.drop_policy("default")


def _slim(site: Site) -> None:
    site.world.shelf.put(FAT, tiny("slim now"))
    site.world.clock.now += 2 * TAG_SECONDS


CHANGES: dict[str, Callable[[Site], None]] = {
    "the policy's mode": _audit,
    "its limit": _loosen,
    "no policy": _drop,
    "the tag moves": _slim,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("gone", [False, True], ids=["it runs", "it is gone"])
async def test_what_is_refused_no_more(change: str, gone: bool) -> None:  # noqa: FBT001
    """A change of the policy or of the image takes it away, whether or not anything uses it."""
    site = Site()
    key = site.world.show(WEB)
    await site.written()
    if gone:
        site.world.reconciler.drop(key)
        assert await site.written() == {FAT}, "it may be deployed again"

    CHANGES[change](site)
    site.world.reconciler.judge_all()

    assert await site.written() == set()


async def test_an_exception_spares_its_namespace() -> None:
    """It does so while it holds."""
    site = Site()
    site.world.show(WEB)
    site.world.catalog.put_exception(exception("e", namespace="other"))
    await site.written()
    assert "\tother\t" in site.kept.text

    site.world.catalog.drop_exception("other", "e")
    await site.written()

    assert "\tother\t" not in site.kept.text


async def test_a_private_image_is_for_its_namespace() -> None:
    """What only a namespace's login shows is told to no other, and goes with its last workload."""
    site = Site()
    world = site.world
    world.reconciler._judge = Judge(
        inspector=world.inspector, catalog=world.catalog, keyring=Keys(PRIVATE), now=world.wall
    )
    key = world.show(WEB)

    assert await site.written() == {FAT}
    assert "\tshop" in site.kept.text
    assert not set(remembered(site.kept.parts[0]))
    world.reconciler.drop(key)
    assert await site.written() == set()


async def test_a_restart_goes_on_with_what_was_written() -> None:
    """What nothing uses is looked up again, and what can't be is left out."""
    site = Site(frozenset({FAT, APP, f"{FAT}-missing", "no//reference"}))

    assert await site.written() == {FAT}


async def test_what_two_see_differently_is_left_out() -> None:
    """While a tag has just moved, nobody knows which of the two is meant."""
    site = Site()
    first = site.world.show(WEB)
    site.world.show(workload(FAT, name="second", namespace="second"))
    await site.written()
    record = site.world.record(first)
    assert record.verdict is not None
    (use,) = record.verdict.subject.images
    seen = record.verdict.subject.images[use]
    assert isinstance(seen, Inspection)
    moved = replace(seen, digest=Digest(f"sha256:{'0' * 64}"))
    subject = replace(record.verdict.subject, images={use: moved})
    site.world.ledger.judged(first, record.observed, replace(record.verdict, subject=subject))

    await site.refused.write()

    assert site.kept.images == set()


async def test_it_follows_changes() -> None:
    """It writes when something has changed, whatever that was."""
    site = Site()
    changed = site.world.reconciler.changed
    task = asyncio.create_task(site.refused.run())
    async with site.world.running():
        site.world.show(WEB)
        await until(lambda: site.kept.images == {FAT})
        _audit(site)
        changed.set()
        await until(lambda: site.kept.images == set())
    task.cancel()
    await asyncio.wait([task])
