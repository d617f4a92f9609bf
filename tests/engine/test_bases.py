"""The bases of BaseImages: found, remembered when their tags move, missing while unknown."""

import asyncio
from collections.abc import Sequence

import pytest

from slimgate.core.errors import (
    ImageError,
    NotFoundError,
    UnauthorizedError,
    UnavailableError,
    UnsupportedError,
)
from slimgate.core.images.facts import Base, Digest, Platform
from slimgate.core.images.oci import OCI_MANIFEST
from slimgate.core.images.reference import Reference
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.policies.base_image import BaseImage
from slimgate.engine.inspector import Inspector
from tests.engine.documents import descriptor, manifest_of
from tests.engine.shelf import (
    AMD64,
    APP,
    ARM64,
    Door,
    Shelf,
    identity,
    inspector,
    question,
    settled,
    tiny,
    until,
)
from tests.support import images
from tests.support.clock import Clock
from tests.support.images import Image, Layer

GOLDEN = "base.test/golden/go:1"
OLD, NEW = (images.layer({"etc/golden": word}) for word in (b"old", b"new"))
DOWN = UnavailableError("down")


def golden(
    *references: str,
    name: str = "golden",
    tier: Tier | None = Tier.DISTROLESS,
    earlier: Sequence[Digest] = (),
) -> BaseImage:
    """Make a BaseImage, of the golden base unless references are given."""
    found = tuple(Reference.parse(one) for one in references or (GOLDEN,))
    former = tuple((found[0], digest) for digest in earlier)
    return BaseImage(name=name, references=found, tier=tier, earlier=former)


def on(*layers: Layer, platform: Platform = AMD64) -> Image:
    """Make an image of these layers and one of its own."""
    return images.image([*layers, images.layer({"app": b"app"})], platform=platform)


@pytest.fixture(autouse=True)
def pushed(shelf: Shelf) -> None:
    """Push the golden base, and an image on it."""
    shelf.put(GOLDEN, images.image([OLD]))
    shelf.put(APP, on(OLD))


async def base_of(watched: Inspector, name: str = APP) -> Base:
    """Look a reference up, and tell its base."""
    return (await watched.inspect(question(name))).images[0].base


async def refresh(
    watched: Inspector, *images: BaseImage, platforms: Sequence[Platform] = (AMD64,)
) -> None:
    """Look bases up."""
    await watched.bases.refresh(images, platforms)


def missing(
    watched: Inspector, *images: BaseImage, platforms: Sequence[Platform] = (AMD64,)
) -> dict[str, str]:
    """Tell what is missing of BaseImages, and why."""
    found = watched.bases.missing(images or (golden(),), platforms)
    return {str(reference): str(error) for reference, error in found.items()}


def error_of(watched: Inspector, reference: str = GOLDEN) -> str | None:
    """Tell why a reference can't be resolved."""
    history = watched.bases.history(Reference.parse(reference))
    assert history is not None
    return None if history.error is None else str(history.error)


async def test_an_image_is_proven_to_be_based_on_it(shelf: Shelf, watched: Inspector) -> None:
    """Its lowest layers are the base's; the tier is what the BaseImage says."""
    assert (await base_of(watched)).evidence is None
    shelf.count()

    await refresh(watched, golden())

    found = await base_of(watched)
    assert found == Base(
        name=GOLDEN,
        tier=Tier.DISTROLESS,
        evidence=Evidence.PROVEN,
        layers=1,
        family=found.family,
        base_images=("golden",),
    )
    assert shelf.count() == {"document": 1, "config": 1}


@pytest.mark.parametrize("platform", [AMD64, ARM64])
async def test_without_platforms_all_are_meant(
    shelf: Shelf, watched: Inspector, platform: Platform
) -> None:
    """What an image is based on is told for every platform that the base has."""
    shelf.put(GOLDEN, images.index([images.image([NEW], platform=ARM64), images.image([OLD])]))
    shelf.put(APP, on(OLD if platform == AMD64 else NEW, platform=platform))
    await refresh(watched, golden(), platforms=())

    assert shelf.count() == {"document": 3, "config": 2}
    assert (await base_of(watched)).evidence is Evidence.PROVEN
    assert missing(watched, platforms=()) == {}
    shelf.faults["second.test"] = DOWN
    other = golden("second.test/go:1")
    await refresh(watched, other, platforms=())
    assert missing(watched, other, platforms=()) == {"second.test/go:1": "down"}


async def test_a_toolchain_on_top_makes_a_builder(shelf: Shelf, clock: Clock) -> None:
    """What the image adds counts; what the base brings itself does not."""
    go = {"config": {"Env": ["PATH=/usr/local/go/bin:/bin", "GOLANG_VERSION=1.26.0"]}}
    layers = [OLD, images.layer({"app": b"app"})]
    shelf.put(APP, images.image(layers, **go))  # type: ignore[arg-type]
    watched = inspector(shelf, clock)
    await refresh(watched, golden())
    assert (await base_of(watched)).tier is Tier.BUILDER

    shelf.put(GOLDEN, images.image([OLD], **go))  # type: ignore[arg-type]
    clock.now += 400
    await refresh(watched, golden())
    assert (await base_of(watched)).tier is Tier.DISTROLESS


async def test_a_tag_that_moved_proves_old_and_new(shelf: Shelf, clock: Clock) -> None:
    """Images that were built before a base's tag moved still stand on what it was."""
    both = {"old": OLD, "new": NEW}
    for name, layer in both.items():
        shelf.put(f"registry.test/{name}:1", on(layer))
    watched = inspector(shelf, clock)
    for layer in both.values():
        shelf.put(GOLDEN, images.image([layer]))
        await refresh(watched, golden())
        clock.now += 400

    bases = [await base_of(watched, f"registry.test/{name}:1") for name in both]
    assert [base.evidence for base in bases] == [Evidence.PROVEN] * 2


async def test_only_so_many_former_bases_are_kept(shelf: Shelf, clock: Clock) -> None:
    """A base that is rebuilt every night does not fill the memory."""
    watched = inspector(shelf, clock)
    for number in range(40):
        shelf.put(GOLDEN, tiny(str(number)))
        await refresh(watched, golden())
        clock.now += 400

    assert len(watched.bases.known) == 16
    assert watched.bases.known[0].diff_ids == (tiny("39").layers[0].diff_id,)


async def test_what_is_pushed_again_unchanged_drives_out_nothing(
    shelf: Shelf, clock: Clock, watched: Inspector
) -> None:
    """A base whose manifest alone changes every night keeps what it was before that."""
    await refresh(watched, golden())
    for number in range(40):
        clock.now += 400
        shelf.put(GOLDEN, images.image([NEW], annotations={"built": str(number)}))
        await refresh(watched, golden())

    assert [base.diff_ids for base in watched.bases.known] == [(NEW.diff_id,), (OLD.diff_id,)]


async def test_what_a_tag_was_before_the_start_is_known(shelf: Shelf, clock: Clock) -> None:
    """Its former digests are in the BaseImage's status, so each process comes to know them."""
    shelf.put("registry.test/old:1", on(OLD))
    former = shelf.put(GOLDEN, images.image([OLD]))
    now = shelf.put(GOLDEN, images.image([NEW]))
    gone = Digest(f"sha256:{'d' * 64}")
    watched, known = inspector(shelf, clock), golden(earlier=(now, former, gone))

    await refresh(watched, known)

    assert (await base_of(watched, "registry.test/old:1")).evidence is Evidence.PROVEN
    assert [base.diff_ids for base in watched.bases.known] == [(NEW.diff_id,), (OLD.diff_id,)]
    assert (missing(watched), error_of(watched)) == ({}, None)
    shelf.count()
    await refresh(watched, known)
    assert shelf.count() == {}


async def test_what_a_tag_was_is_looked_for_until_its_registry_answers(
    shelf: Shelf, clock: Clock
) -> None:
    """An outage at the start does not make a process forget for good."""
    former = shelf.put(GOLDEN, images.image([OLD]))
    shelf.put(GOLDEN, images.image([NEW]))
    watched, known = inspector(shelf, clock), golden(earlier=(former,))
    shelf.faults[former] = DOWN
    await refresh(watched, known)
    assert len(watched.bases.known) == 1

    shelf.faults.clear()
    await refresh(watched, known)

    assert len(watched.bases.known) == 2


async def test_references_of_one_base_image_are_other_names_of_it(
    shelf: Shelf, watched: Inspector
) -> None:
    """A glob may match any of the names that the same layers have."""
    second = "mirror.test/go:1.26.3"
    for name in (GOLDEN, second):
        shelf.put(name, images.image([OLD]))

    await refresh(watched, golden(GOLDEN, second))

    found = await base_of(watched)
    assert (found.name, found.aliases, found.base_images) == (GOLDEN, (second,), ("golden",))


async def test_an_image_is_based_on_what_its_base_is_based_on(shelf: Shelf, clock: Clock) -> None:
    """The nearest names it, and all are told."""
    shelf.put("base.test/os:1", images.image([OLD]))
    shelf.put(GOLDEN, images.image([OLD, NEW]))
    shelf.put(APP, on(OLD, NEW))
    watched = inspector(shelf, clock)

    await refresh(watched, golden("base.test/os:1", name="os"), golden())

    found = await base_of(watched)
    assert (found.name, found.base_images) == (GOLDEN, ("golden", "os"))


async def test_news(shelf: Shelf, clock: Clock) -> None:
    """Grow with what changes; an error that means the same is none, whatever its text."""
    watched, news = inspector(shelf, clock, failure_seconds=0), list[int]()
    steps: list[ImageError | None] = [
        UnavailableError("down for 14 s"),
        UnavailableError("down for 29 s"),
        UnauthorizedError("not yours"),
        None,
        None,
    ]
    for error in steps:
        shelf.faults = {} if error is None else {"base.test": error}
        before = watched.bases.news
        await refresh(watched, golden())
        news.append(watched.bases.news - before)
        clock.now += 400

    assert [bool(number) for number in news] == [True, False, True, True, False]


async def test_a_known_base_costs_a_head(shelf: Shelf, clock: Clock) -> None:
    """Nothing within the tag's time, a HEAD after it, and no answer changes for that."""
    shelf.put(GOLDEN, images.index([tiny(str(one), platform=one) for one in (AMD64, ARM64)]))
    watched, both = inspector(shelf, clock), (AMD64, ARM64)
    await refresh(watched, golden(), platforms=both)
    assert shelf.count() == {"document": 3, "config": 2}
    generation = watched.bases.generation
    assert generation > 0

    await refresh(watched, golden(), platforms=both)
    assert shelf.count() == {}
    clock.now += 400
    await refresh(watched, golden(), platforms=both)

    assert shelf.count() == {"resolve": 1}
    assert watched.bases.generation == generation


async def test_what_no_base_image_names_is_forgotten(watched: Inspector) -> None:
    """Images that stood on it are no longer proven, from memory or not."""
    await refresh(watched, golden())
    assert (await base_of(watched)).evidence is Evidence.PROVEN
    news = watched.bases.news

    await refresh(watched)

    assert watched.bases.news > news
    assert (await base_of(watched)).evidence is None
    assert (watched.bases.known, watched.bases.history(Reference.parse(GOLDEN))) == ((), None)


MISSING = [
    UnavailableError("down"),
    UnauthorizedError("not yours"),
    NotFoundError("gone"),
    UnsupportedError("odd"),
]


@pytest.mark.parametrize("error", MISSING, ids=lambda error: error.reason)
async def test_a_base_that_was_never_found_is_missing(
    shelf: Shelf, clock: Clock, watched: Inspector, error: ImageError
) -> None:
    """Whatever the reason, until it is found."""
    shelf.faults["base.test"] = error
    await refresh(watched, golden())
    assert missing(watched) == {GOLDEN: str(error)}
    assert error_of(watched) == str(error)

    shelf.faults.clear()
    clock.now += 16
    await refresh(watched, golden())
    assert (missing(watched), error_of(watched)) == ({}, None)


async def test_a_base_that_was_found_is_not_missed_while_its_registry_is_down(
    shelf: Shelf, clock: Clock
) -> None:
    """What it was stays true, so nothing hinges on it; only a refusal for good is told."""
    watched = inspector(shelf, clock, stale_seconds=0)
    await refresh(watched, golden())
    for error, told in ((DOWN, None), (NotFoundError("gone"), "gone")):
        shelf.faults["base.test"] = error
        clock.now += 400
        await refresh(watched, golden())
        assert (missing(watched), error_of(watched)) == ({}, told)
        assert len(watched.bases.known) == 1


async def test_a_base_need_not_be_there_for_every_platform(shelf: Shelf, clock: Clock) -> None:
    """But a platform that could not be looked up is missing still."""
    part = tiny("part", platform=ARM64)
    shelf.put(GOLDEN, images.index([tiny("amd64"), part]))
    windows = Platform("windows", "amd64")
    watched = inspector(shelf, clock)
    await refresh(watched, golden(), platforms=(AMD64, windows))
    assert missing(watched, platforms=(AMD64, windows)) == {}

    shelf.faults[part.digest] = DOWN
    await refresh(watched, golden(), platforms=(AMD64, ARM64))
    assert missing(watched, platforms=(AMD64, ARM64)) == {GOLDEN: "down"}


async def test_what_is_no_image_can_be_no_base(shelf: Shelf, watched: Inspector) -> None:
    """An artifact is refused by name."""
    config = descriptor(b"{}", media_type="application/vnd.example.config")
    shelf.document_at(Reference.parse(GOLDEN), OCI_MANIFEST, manifest_of(config))

    await refresh(watched, golden())

    assert missing(watched) == {
        GOLDEN: "base.test/golden/go is not an image, so nothing is based on it"
    }


async def test_one_slow_registry_does_not_hold_up_other_bases(shelf: Shelf, clock: Clock) -> None:
    """Each base is settled as soon as its own registry has answered."""
    other = golden("other.test/base:1", name="other")
    shelf.put("other.test/base:1", images.image([NEW]))
    door = shelf.doors["base.test"] = Door()
    watched = inspector(shelf, clock)
    task = asyncio.create_task(refresh(watched, golden(), other))
    await door.knocked.wait()
    await until(lambda: missing(watched, other) == {})

    assert missing(watched) == {GOLDEN: "its registry has not answered yet"}
    door.opened.set()
    await task
    assert len(watched.bases.known) == 2


async def test_an_old_refresh_does_not_undo_a_new_one(shelf: Shelf, watched: Inspector) -> None:
    """A look-up for a BaseImage that has gone since brings nothing back."""
    door = shelf.doors["base.test"] = Door()
    old = asyncio.create_task(refresh(watched, golden()))
    await door.knocked.wait()
    await refresh(watched)
    door.opened.set()
    await old

    assert (watched.bases.known, watched.bases.history(Reference.parse(GOLDEN))) == ((), None)


async def test_claims_are_looked_up_with_the_images_credentials(shelf: Shelf, clock: Clock) -> None:
    """The operator's own, which find BaseImages, are not lent to whoever claims a base."""
    own = identity("operator")
    shelf.keys["base.test/golden/go"] = {own}
    watched = Inspector(shelf, identity=own, clock=clock)
    await refresh(watched, golden())
    assert len(watched.bases.known) == 1

    with pytest.raises(UnauthorizedError):
        await watched.bases.find(Reference.parse(GOLDEN), AMD64, question().identity)
    found = await settled(lambda: watched.bases.find(Reference.parse(GOLDEN), AMD64, own))

    assert found.diff_ids == (OLD.diff_id,)
    shelf.put(GOLDEN, images.index([images.image([NEW], platform=ARM64)]))
    clock.now += 400
    await refresh(watched, golden(), platforms=())
    assert [base.diff_ids for base in watched.bases.known] == [(NEW.diff_id,), (OLD.diff_id,)]
