"""ImageProfiles: facts there and back, written once, added to, and gone when they are dropped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import pytest

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.backoff import Pace
from slimgate.cluster.mirror import Mirror
from slimgate.cluster.profiles import ProfileStore
from slimgate.cluster.resources import IMAGE_PROFILES
from slimgate.core.errors import MissingError
from slimgate.core.images.facts import Base, DiffID, Digest, ImageFacts, Layer, Platform, Size
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.json_object import mapping_at
from tests.cluster.conftest import soon
from tests.cluster.verdicts import version

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("crds")]


class Learned:
    """What a store has told."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.facts: dict[Digest, ImageFacts] = {}

    def learn(self, facts: ImageFacts) -> None:
        """Keep facts."""
        assert facts.digest is not None
        self.facts[facts.digest] = facts
        self.changed.set()

    def unlearn(self, digest: Digest) -> None:
        """Forget them."""
        self.facts.pop(digest, None)
        self.changed.set()

    async def until(self, digest: Digest, facts: ImageFacts | None) -> None:
        """Wait until these facts are known."""
        await soon(lambda: self.facts.get(digest) == facts, self.changed)


@pytest.fixture
async def digest(api: ClusterApi) -> AsyncIterator[Digest]:
    """Return a digest that nobody else uses; its profile goes in the end."""
    digest = Digest(f"sha256:{uuid4().hex}{uuid4().hex}")
    yield digest
    await ProfileStore(api, learn=lambda _: None).drop(digest)


def facts(digest: Digest, unpacked: Size) -> ImageFacts:
    """Make facts with all kinds of values, nulls among them."""
    layer = Layer(
        digest=digest,
        diff_id=DiffID(digest),
        media_type="tar",
        pull=Size.known(10),
        unpacked=unpacked,
        created_by="COPY app /",
    )
    return ImageFacts(
        digest=digest,
        media_type="m",
        platform=Platform("linux", "arm64", "v8"),
        layers=(layer, replace(layer, diff_id=None, created_by=None)),
        base=Base(name="golang:1.26", tier=Tier.BUILDER, evidence=Evidence.INFERRED),
        toolchains=("go",),
        created="2026-01-01T00:00:00Z",
        estimated_by="0123" if unpacked.is_unverified else None,
    )


@asynccontextmanager
async def following(api: ClusterApi, learned: Learned) -> AsyncIterator[ProfileStore]:
    """Run a store that has read all profiles."""
    store = ProfileStore(api, learn=learned.learn, unlearn=learned.unlearn)
    mirror = Mirror(api, IMAGE_PROFILES.all(), store.sink, pace=Pace(first=0.01))
    task = asyncio.create_task(mirror.run())
    try:
        async with asyncio.timeout(30):
            await mirror.synced.wait()
            yield store
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


def path(digest: Digest) -> str:
    """Return where a profile is."""
    return IMAGE_PROFILES.one("", digest.replace(":", "-"))


async def test_round_trip(api: ClusterApi, digest: Digest) -> None:
    """What is put is read as it was, by whoever follows, also after a restart."""
    image = facts(digest, Size.unknown("not read"))
    learned, restarted = Learned(), Learned()

    async with following(api, learned) as store:
        await store.put(image)
        await learned.until(digest, image)
        kept = digest in store.digests()
    async with following(api, restarted) as again:
        known = digest in again.digests()

    assert restarted.facts[digest] == image
    assert (kept, known) == (True, True)


async def test_identical_put(api: ClusterApi, digest: Digest) -> None:
    """Facts that are kept are not written again, by whoever, and whether read yet or not."""
    image = facts(digest, Size.measured(20))
    async with following(api, Learned()) as store:
        await store.put(image)
        before = await api.get(path(digest))
        await store.put(image)
    async with following(api, Learned()) as restarted:
        await restarted.put(image)
    await ProfileStore(api, learn=lambda _: None).put(facts(digest, Size.unknown("not read")))

    assert version(await api.get(path(digest))) == version(before)


async def test_more_is_known(api: ClusterApi, digest: Digest) -> None:
    """What comes to be measured is added, and the reason and bound of what was not, and whose."""
    learned = Learned()
    async with following(api, learned) as store:
        bounded = facts(digest, Size.unknown("not read", at_least=5))
        await store.put(bounded)
        await learned.until(digest, bounded)
        await store.put(facts(digest, Size.measured(20)))
        await learned.until(digest, facts(digest, Size.measured(20)))

    kept = mapping_at(await api.get(path(digest)), "facts")
    assert kept["unpackedBytes"] == 40
    assert not {"unpackedReason", "unpackedAtLeast", "estimatedBy"} & set(kept)


async def test_another_name(api: ClusterApi, digest: Digest) -> None:
    """What people know an image by is written when it changes, and goes when there is none."""
    image = facts(digest, Size.measured(20))
    names = []
    async with following(api, Learned()) as store:
        for name in ("shop:1", "shop:2", None):
            await store.put(image, name)
            names.append((await api.get(path(digest))).get("image"))

    assert names == ["shop:1", "shop:2", None]


async def test_more_layers_than_are_listed(api: ClusterApi, digest: Digest) -> None:
    """Such a profile is kept as any other, but its facts are looked up again by who starts."""
    image = facts(digest, Size.measured(20))
    image = replace(image, layers=image.layers * 65)
    restarted = Learned()
    async with following(api, Learned()) as store:
        await store.put(image)
        before = await api.get(path(digest))
    async with following(api, restarted) as again:
        await again.put(image)
        kept = again.digests()

    assert digest in kept
    assert restarted.facts == {}
    assert version(await api.get(path(digest))) == version(before)
    assert mapping_at(before, "facts")["moreLayers"] == {
        "count": 2, "pullBytes": 20, "unpackedBytes": 40,
    }  # fmt: skip


async def test_a_profile_that_somebody_edits(api: ClusterApi, digest: Digest) -> None:
    """It is written anew, though slimgate knows nothing new."""
    image = facts(digest, Size.measured(20))
    learned = Learned()
    async with following(api, learned) as store:
        await store.put(image)
        await learned.until(digest, image)
        edited = replace(image, created="1970-01-01T00:00:00Z")
        await api.merge_patch(path(digest), {"facts": {"created": edited.created}})
        await learned.until(digest, edited)
        await store.put(image)
        await learned.until(digest, image)

    assert mapping_at(await api.get(path(digest)), "facts")["created"] == image.created


async def test_drop(api: ClusterApi, digest: Digest) -> None:
    """A profile that is dropped is gone, for all who follow, and may be dropped again."""
    image = facts(digest, Size.measured(20))
    learned = Learned()
    async with following(api, learned) as store:
        await store.put(image)
        await learned.until(digest, image)
        await store.drop(digest)
        await learned.until(digest, None)
        await store.drop(digest)

        assert digest not in store.digests()

    with pytest.raises(MissingError):
        await api.get(path(digest))


async def test_no_digest(api: ClusterApi) -> None:
    """An image of no manifest has nothing to be kept under."""
    store = ProfileStore(api, learn=lambda _: None)

    await store.put(replace(facts(Digest("sha256:0"), Size.known(1)), digest=None))

    assert store.digests() == frozenset()


async def test_unreadable(
    api: ClusterApi, digest: Digest, caplog: pytest.LogCaptureFixture
) -> None:
    """A profile that somebody spoiled is left aside, and the log says which and why."""
    learned = Learned()
    await api.create(
        IMAGE_PROFILES.all(),
        {
            "apiVersion": IMAGE_PROFILES.api_version,
            "kind": "ImageProfile",
            "metadata": {"name": digest.replace(":", "-")},
            "facts": {"digest": digest, "mediaType": "m"},
        },
    )

    async with following(api, learned) as store:
        kept = digest in store.digests()

    assert not kept
    assert digest not in learned.facts
    assert f"the ImageProfile {digest.replace(':', '-')} is not used: layers" in caplog.text
