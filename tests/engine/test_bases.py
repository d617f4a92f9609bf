"""Bases that policies name: found, remembered when their tags move, missing while unknown."""

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
from slimgate.core.image import Base, Platform
from slimgate.core.oci import OCI_MANIFEST
from slimgate.core.policy import NamedBase
from slimgate.core.reference import Reference
from slimgate.core.tier import Evidence, Tier
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


def named(
    reference: str = GOLDEN, tier: Tier | None = Tier.DISTROLESS, name: str = ""
) -> NamedBase:
    """Name a base as a policy does."""
    return NamedBase(reference=Reference.parse(reference), tier=tier, name=name or None)


def on(*layers: Layer, platform: Platform = AMD64) -> Image:
    """Make an image of these layers and one of its own."""
    return images.image([*layers, images.layer({"app": b"app"})], platform=platform)


async def base_of(watched: Inspector, name: str = APP) -> Base:
    """Look a reference up, and tell its base."""
    return (await watched.inspect(question(name))).images[0].base


async def refresh(
    watched: Inspector, *bases: NamedBase, platforms: Sequence[Platform] = (AMD64,)
) -> None:
    """Look bases up."""
    await watched.bases.refresh(bases, platforms)


async def test_an_image_is_proven_to_stand_on_a_named_base(shelf: Shelf, clock: Clock) -> None:
    """Its lowest layers are the base's; the policy's words for it stand."""
    shelf.put(GOLDEN, images.image([OLD]))
    shelf.put(APP, on(OLD))
    watched = inspector(shelf, clock)
    assert (await base_of(watched)).evidence is None
    shelf.count()

    await refresh(watched, named(name="our go"))

    found = await base_of(watched)
    assert found == Base(
        name="our go", tier=Tier.DISTROLESS, evidence=Evidence.PROVEN, layers=1, family=found.family
    )
    assert shelf.count() == {"document": 1, "config": 1}


async def test_a_toolchain_on_top_makes_a_builder(shelf: Shelf, clock: Clock) -> None:
    """What the image adds counts; what the base brings itself does not."""
    go = {"config": {"Env": ["PATH=/usr/local/go/bin:/bin", "GOLANG_VERSION=1.26.0"]}}
    layers = [OLD, images.layer({"app": b"app"})]
    shelf.put(GOLDEN, images.image([OLD]))
    shelf.put(APP, images.image(layers, **go))  # type: ignore[arg-type]
    watched = inspector(shelf, clock)
    await refresh(watched, named())
    assert (await base_of(watched)).tier is Tier.BUILDER

    shelf.put(GOLDEN, images.image([OLD], **go))  # type: ignore[arg-type]
    clock.now += 400
    await refresh(watched, named())
    assert (await base_of(watched)).tier is Tier.DISTROLESS


async def test_a_tag_that_moved_proves_old_and_new(shelf: Shelf, clock: Clock) -> None:
    """Images that were built before a base's tag moved still stand on what it was."""
    both = {"old": OLD, "new": NEW}
    for name, layer in both.items():
        shelf.put(f"registry.test/{name}:1", on(layer))
    watched = inspector(shelf, clock)
    for layer in both.values():
        shelf.put(GOLDEN, images.image([layer]))
        await refresh(watched, named())
        clock.now += 400

    bases = [await base_of(watched, f"registry.test/{name}:1") for name in both]
    assert [base.evidence for base in bases] == [Evidence.PROVEN] * 2


async def test_only_so_many_former_bases_are_kept(shelf: Shelf, clock: Clock) -> None:
    """A base that is rebuilt every night does not fill the memory."""
    watched = inspector(shelf, clock)
    for number in range(40):
        shelf.put(GOLDEN, tiny(str(number)))
        await refresh(watched, named())
        clock.now += 400

    assert len(watched.bases.known) == 16
    assert watched.bases.known[0].diff_ids == (tiny("39").layers[0].diff_id,)


async def test_a_known_base_costs_a_head(shelf: Shelf, clock: Clock) -> None:
    """Nothing within the tag's time, a HEAD after it, and no answer changes for that."""
    shelf.put(GOLDEN, images.index([tiny(str(one), platform=one) for one in (AMD64, ARM64)]))
    watched, both = inspector(shelf, clock), (AMD64, ARM64)
    await refresh(watched, named(), platforms=both)
    assert shelf.count() == {"document": 3, "config": 2}
    generation = watched.bases.generation

    await refresh(watched, named(), platforms=both)
    assert shelf.count() == {}
    clock.now += 400
    await refresh(watched, named(), platforms=both)

    assert shelf.count() == {"resolve": 1}
    assert watched.bases.generation == generation


async def test_what_no_policy_names_is_forgotten(shelf: Shelf, clock: Clock) -> None:
    """Images that stood on it are no longer proven, from memory or not."""
    shelf.put(GOLDEN, images.image([OLD]))
    shelf.put(APP, on(OLD))
    watched = inspector(shelf, clock)
    await refresh(watched, named())
    assert (await base_of(watched)).evidence is Evidence.PROVEN

    await refresh(watched)

    assert (await base_of(watched)).evidence is None
    assert (watched.bases.known, watched.bases.is_settled(named())) == ((), False)


MISSING = [
    UnavailableError("down"),
    UnauthorizedError("not yours"),
    NotFoundError("gone"),
    UnsupportedError("odd"),
]


@pytest.mark.parametrize("error", MISSING, ids=lambda error: error.reason)
async def test_a_base_that_was_never_found_is_missing(
    shelf: Shelf, clock: Clock, error: ImageError
) -> None:
    """Whatever the reason; it is settled, and named until it is found."""
    shelf.put(GOLDEN, images.image([OLD]))
    shelf.faults["base.test"] = error
    watched = inspector(shelf, clock)
    await refresh(watched, named())
    assert list(map(str, watched.bases.missing.values())) == [str(error)]
    assert watched.bases.is_settled(named())

    shelf.faults.clear()
    clock.now += 16
    await refresh(watched, named())
    assert dict(watched.bases.missing) == {}


async def test_a_base_that_was_found_is_not_missed_while_its_registry_is_down(
    shelf: Shelf, clock: Clock
) -> None:
    """What it was stays true; only a refusal for good is told."""
    shelf.put(GOLDEN, images.image([OLD]))
    watched = inspector(shelf, clock, stale_seconds=0)
    await refresh(watched, named())
    for error, missing in ((DOWN, False), (NotFoundError("gone"), True)):
        shelf.faults["base.test"] = error
        clock.now += 400
        await refresh(watched, named())
        assert (named().reference in watched.bases.missing) is missing
        assert len(watched.bases.known) == 1


async def test_a_base_need_not_be_there_for_every_platform(shelf: Shelf, clock: Clock) -> None:
    """But a platform that could not be looked up is missing still."""
    part = tiny("part", platform=ARM64)
    shelf.put(GOLDEN, images.index([tiny("amd64"), part]))
    windows = Platform("windows", "amd64")
    watched = inspector(shelf, clock)
    await refresh(watched, named(), platforms=(AMD64, windows))
    assert dict(watched.bases.missing) == {}

    shelf.faults[part.digest] = DOWN
    await refresh(watched, named(), platforms=(AMD64, ARM64))
    assert list(watched.bases.missing) == [named().reference]


async def test_what_is_no_image_can_be_no_base(shelf: Shelf, clock: Clock) -> None:
    """An artifact is refused by name."""
    config = descriptor(b"{}", media_type="application/vnd.example.config")
    shelf.document_at(Reference.parse(GOLDEN), OCI_MANIFEST, manifest_of(config))
    watched = inspector(shelf, clock)

    await refresh(watched, named())

    (error,) = watched.bases.missing.values()
    assert str(error) == "base.test/golden/go is not an image, so it can't be a base"


async def test_one_slow_registry_does_not_hold_up_other_bases(shelf: Shelf, clock: Clock) -> None:
    """Each base is settled as soon as its own registry has answered."""
    other = named("other.test/base:1")
    shelf.put("other.test/base:1", images.image([NEW]))
    shelf.put(GOLDEN, images.image([OLD]))
    door = shelf.doors["base.test"] = Door()
    watched = inspector(shelf, clock)
    task = asyncio.create_task(refresh(watched, named(), other))
    await door.knocked.wait()
    await until(lambda: watched.bases.is_settled(other))

    assert not watched.bases.is_settled(named())
    door.opened.set()
    await task
    assert len(watched.bases.known) == 2


async def test_an_old_refresh_does_not_undo_a_new_one(shelf: Shelf, clock: Clock) -> None:
    """A look-up for policies that have changed since brings nothing back."""
    shelf.put(GOLDEN, images.image([OLD]))
    door = shelf.doors["base.test"] = Door()
    watched = inspector(shelf, clock)
    old = asyncio.create_task(refresh(watched, named()))
    await door.knocked.wait()
    await refresh(watched)
    door.opened.set()
    await old

    assert (watched.bases.known, dict(watched.bases.missing)) == ((), {})


async def test_claims_are_looked_up_with_the_images_credentials(shelf: Shelf, clock: Clock) -> None:
    """The operator's own, which find what policies name, are not lent to whoever claims a base."""
    own = identity("operator")
    shelf.keys["base.test/golden/go"] = {own}
    shelf.put(GOLDEN, images.image([OLD]))
    watched = Inspector(shelf, identity=own, clock=clock)
    await refresh(watched, named())
    assert len(watched.bases.known) == 1

    with pytest.raises(UnauthorizedError):
        await watched.bases.find(named().reference, AMD64, question().identity)
    found = await settled(lambda: watched.bases.find(named().reference, AMD64, own))

    assert found.diff_ids == (OLD.diff_id,)
