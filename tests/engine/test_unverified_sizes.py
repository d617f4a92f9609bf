"""What a registry says of an image's layers, and does not prove, counts for no other registry."""

from dataclasses import replace

import pytest

from slimgate.core.assemble import coverage
from slimgate.core.images.facts import Digest, ImageFacts, Size, SizeEvidence
from slimgate.core.images.memory import place_key
from slimgate.core.images.profile import from_profile, to_profile
from slimgate.engine.inspector import Inspector
from slimgate.engine.ports import LayerReading
from tests.engine.shelf import (
    APP,
    CONFIG,
    EVERYTHING,
    Shelf,
    inspector,
    question,
    settled,
    sizes_of,
    tiny,
)
from tests.support.clock import Clock

EVIL = "evil.test/x/app:1"
IMAGE = tiny("one", "two")
FORGED, HONEST = Size.estimated(10**12), Size.estimated(7)
MEASURED = Size.measured(7)
LOST = Size.unknown("lost", evidence=SizeEvidence.ESTIMATED)
BOUND = Size.unknown("it wraps", at_least=10**12)
ASKED = question(wants=EVERYTHING)
LIES = [[FORGED, FORGED], [BOUND, LOST]]


def shelf_of(name: str, *sizes: Size) -> Shelf:
    """Make a registry that holds the image, and says that its layers unpack to these sizes."""
    shelf = Shelf()
    shelf.put(name, IMAGE)
    _say(shelf, *sizes)
    return shelf


def started(shelf: Shelf, clock: Clock) -> Inspector:
    """Start a process that reads no layer whole, so that it takes any estimate for the size."""
    return inspector(shelf, clock, tag_seconds=1e6, whole_layer_bytes=0)


async def profile_of(clock: Clock, *sizes: Size) -> ImageFacts:
    """Write and read the profile of a process that has seen the image in a registry that lies."""
    shelf = shelf_of(EVIL, *sizes)
    found = await started(shelf, clock).inspect(question(EVIL, EVERYTHING))
    return _kept(found.images[0])


@pytest.mark.parametrize("lies", LIES)
async def test_a_registry_is_asked_itself(clock: Clock, lies: list[Size]) -> None:
    """Whatever another process estimated elsewhere, before or after this one looks."""
    forged = await profile_of(clock, *lies)
    for is_first in (True, False):
        shelf = shelf_of(APP, HONEST, LOST)
        watched = started(shelf, clock)
        if is_first:
            watched.reader.remember(forged, coverage(forged))
        else:
            await watched.inspect(ASKED)
            watched.reader.remember(forged, coverage(forged))

        assert sizes_of(await watched.inspect(ASKED)) == [HONEST, LOST]
        assert sizes_of(watched.cached(ASKED)) == [HONEST, LOST]
        assert shelf.count() == {"document": 1, "config": 1, "layer": 2}


async def test_what_was_read_of_a_config_stays(clock: Clock) -> None:
    """A process that has only this does not fill it with another registry's sizes."""
    forged = await profile_of(clock, FORGED, FORGED)
    shelf = shelf_of(APP, HONEST, HONEST)
    watched = started(shelf, clock)
    known = await watched.inspect(question())
    watched.reader.remember(forged, coverage(forged))

    assert watched.cached(question()) == known
    assert watched.cached(ASKED) is None
    assert sizes_of(await watched.inspect(ASKED)) == [HONEST, HONEST]


async def test_what_was_measured_counts_everywhere(clock: Clock) -> None:
    """It was checked against its digest: beside what was forged, and where all was measured."""
    for is_first in (True, False):
        part = await profile_of(clock, MEASURED, FORGED)
        watched = started(shelf_of(APP, HONEST, HONEST), clock)
        if not is_first:
            await watched.inspect(ASKED)
        watched.reader.remember(part, coverage(part))

        assert sizes_of(await watched.inspect(ASKED)) == [MEASURED, HONEST]
        assert sizes_of(watched.cached(ASKED)) == [MEASURED, HONEST]

    whole = await profile_of(clock, MEASURED, MEASURED)
    shelf = shelf_of(APP, HONEST, HONEST)
    watched = started(shelf, clock)
    watched.reader.remember(whole, coverage(whole))
    assert sizes_of(await watched.inspect(ASKED)) == [MEASURED, MEASURED]
    assert shelf.count() == {"document": 1}


async def test_one_process_that_sees_both(clock: Clock) -> None:
    """Nor does what it keeps of the one it saw first, which it reads again as a profile."""
    shelf = shelf_of(APP, FORGED, FORGED)
    shelf.put(EVIL, IMAGE)
    watched = started(shelf, clock)
    await watched.inspect(question(EVIL, EVERYTHING))
    _say(shelf, HONEST, LOST)
    _learn(watched, IMAGE.digest)

    assert sizes_of(await watched.inspect(ASKED)) == [HONEST, LOST]
    _learn(watched, IMAGE.digest)
    assert sizes_of(watched.cached(ASKED)) == [HONEST, LOST]
    assert sizes_of(watched.cached(question(EVIL, EVERYTHING))) == [FORGED, FORGED]


async def test_a_restart_asks_only_who_has_not_answered(clock: Clock) -> None:
    """The registry whose word the profile is answers from it, the other is asked."""
    shelf = shelf_of(APP, FORGED, FORGED)
    shelf.put(EVIL, IMAGE)
    before = started(shelf, clock)
    evil = question(EVIL, EVERYTHING)
    kept = (await before.inspect(evil)).images[0]
    await before.inspect(ASKED)
    after = started(shelf, clock)
    after.restore(before.memory())
    after.reader.remember(kept, coverage(kept))
    _say(shelf, HONEST, LOST)
    shelf.count()

    assert sizes_of(await settled(lambda: after.inspect(evil))) == [FORGED, FORGED]
    assert shelf.count() == {}
    assert after.cached(ASKED) is None
    assert sizes_of(await after.inspect(ASKED)) == [HONEST, LOST]
    assert shelf.count() == {"document": 1, "config": 1, "layer": 2}


@pytest.mark.parametrize(
    "estimated_by", [None, "0123", place_key("registry.test", Digest("sha256:1"))]
)
async def test_a_profile_that_does_not_say_whose_word_it_is(
    clock: Clock, estimated_by: str | None
) -> None:
    """Only what was measured stands in it, for any registry; another process's word is none."""
    before, after = (started(shelf_of(APP, MEASURED, HONEST), clock) for _ in range(2))
    facts = (await before.inspect(ASKED)).images[0]
    after.restore(before.memory())
    after.reader.remember(replace(facts, estimated_by=estimated_by), coverage(facts))

    assert after.cached(ASKED) is None
    known = after.reader.known(IMAGE.digest, question(wants=CONFIG).wants)
    assert known is None or isinstance(known, ImageFacts)
    assert (await after.inspect(ASKED)).images == (facts,)


async def test_what_was_estimated_once_more(clock: Clock) -> None:
    """A profile whose word is another's by now takes nothing from what was known before it."""
    forged = await profile_of(clock, FORGED, FORGED)
    before = started(shelf_of(APP, HONEST, HONEST), clock)
    facts = (await before.inspect(ASKED)).images[0]
    after = started(Shelf(), clock)
    after.restore(before.memory())
    after.reader.remember(facts, coverage(facts))
    after.reader.remember(forged, coverage(forged))

    assert sizes_of(after.cached(ASKED)) == [HONEST, HONEST]


def _say(shelf: Shelf, *sizes: Size) -> None:
    for layer, size in zip(IMAGE.layers, sizes, strict=True):
        shelf.readings[layer.descriptor.digest] = LayerReading(unpacked=size)


def _learn(watched: Inspector, digest: Digest) -> None:
    """Hear of the profile that the process itself has written."""
    facts = watched.reader.known(digest, EVERYTHING)
    assert isinstance(facts, ImageFacts)
    kept = _kept(facts)
    watched.reader.remember(kept, coverage(kept))


def _kept(facts: ImageFacts) -> ImageFacts:
    """Return what is read of the profile that is written of these facts."""
    written = to_profile(facts)["facts"]
    assert isinstance(written, dict)
    kept = from_profile(written).facts
    assert kept is not None
    return kept
