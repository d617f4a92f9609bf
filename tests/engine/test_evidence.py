"""How sizes of layers are known: what is counted later, here or elsewhere, and who waits for it."""

import asyncio
from dataclasses import replace

import pytest

from slimgate.core.assemble import coverage
from slimgate.core.errors import UnavailableError
from slimgate.core.image import ImageFacts, Size, SizeEvidence
from slimgate.engine.inspector import Inspector
from slimgate.engine.ports import LayerReading
from tests.engine.shelf import (
    APP,
    EVERYTHING,
    Clock,
    Door,
    Shelf,
    inspector,
    question,
    settled,
    tiny,
)


def told(facts: ImageFacts) -> ImageFacts:
    """Say the same sizes of layers, but that their ends told them."""
    layers = [replace(one, unpacked=Size.told(one.unpacked.bytes or 0)) for one in facts.layers]
    return replace(facts, layers=tuple(layers))


async def remembering(
    shelf: Shelf, clock: Clock, whole_layer_bytes: int
) -> tuple[Inspector, ImageFacts]:
    """Restart with facts of the image whose sizes were told, and with a limit."""
    asked = question(wants=EVERYTHING)
    before = inspector(shelf, clock)
    facts = told((await before.inspect(asked)).images[0])
    after = inspector(shelf, clock, tag_seconds=1e6, whole_layer_bytes=whole_layer_bytes)
    after.restore(before.memory())
    after.reader.remember(facts, coverage(facts))
    shelf.count()
    return after, facts


async def test_what_an_earlier_run_was_told_is_counted_now(shelf: Shelf, clock: Clock) -> None:
    """Where layers are small enough for it by now, at once; what was told answers meanwhile."""
    app = tiny("one", "two")
    shelf.put(APP, app)
    limit = max(len(layer.blob) for layer in app.layers)
    watched, facts = await remembering(shelf, clock, limit)
    asked = question(wants=EVERYTHING)

    first = await settled(lambda: watched.inspect(asked))
    again = await watched.inspect(asked)

    assert first.images == (facts,)
    assert first.images[0].unpacked.evidence is SizeEvidence.TOLD
    assert again.images[0].unpacked == Size.counted(facts.unpacked.bytes or 0)
    assert shelf.count() == {"document": 1, "config": 1, "layer": 2}


async def test_what_is_too_large_to_be_counted_stays_told(shelf: Shelf, clock: Clock) -> None:
    """Nobody is asked for a layer of which there is no more to be had."""
    app = tiny("one")
    shelf.put(APP, app)
    watched, facts = await remembering(shelf, clock, len(app.layers[0].blob) - 1)
    clock.now += 1e5

    found = await settled(lambda: watched.inspect(question(wants=EVERYTHING)))

    assert found.images == (facts,)
    assert shelf.count() == {}


async def test_what_was_told_answers_until_all_is_counted(shelf: Shelf, clock: Clock) -> None:
    """A layer that can't be had for now leaves the image's size as it was told."""
    app = tiny("one", "two", "three")
    shelf.put(APP, app)
    watched, facts = await remembering(shelf, clock, 10**6)
    shelf.faults[app.layers[1].descriptor.digest] = UnavailableError("down")
    asked = question(wants=EVERYTHING)
    await settled(lambda: watched.inspect(asked))
    shelf.count()

    assert (await watched.inspect(asked)).images == (facts,)
    shelf.faults.clear()
    clock.now += 61
    await settled(lambda: watched.inspect(asked))

    size = (await watched.inspect(asked)).images[0].unpacked
    assert size == Size.counted(facts.unpacked.bytes or 0)
    assert shelf.count() == {"layer": 1}


async def test_a_layer_outlives_the_deadline_of_who_asked_for_it(
    shelf: Shelf, clock: Clock
) -> None:
    """It is read to its end in the background, once, for whoever asks next."""
    shelf.put(APP, tiny("one"))
    watched = inspector(shelf, clock)
    door = shelf.doors["layer"] = Door()
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await watched.inspect(question(wants=EVERYTHING))
    assert watched.cached(question(wants=EVERYTHING)) is None

    door.opened.set()
    found = await watched.inspect(question(wants=EVERYTHING))

    assert found.images[0].unpacked.evidence is SizeEvidence.COUNTED
    assert shelf.count() == {"document": 1, "config": 1, "layer": 1}


def with_sizes(facts: ImageFacts, *sizes: Size) -> ImageFacts:
    """Say other sizes of layers."""
    pairs = zip(facts.layers, sizes, strict=True)
    return replace(facts, layers=tuple(replace(one, unpacked=size) for one, size in pairs))


LOST = Size.unknown("lost")
TOLD, COUNTED = Size.told(7), Size.counted(7)


async def finding(shelf: Shelf, clock: Clock, *sizes: Size) -> tuple[Inspector, ImageFacts]:
    """Inspect an image whose layers have these sizes."""
    app = tiny(*map(str, range(len(sizes))))
    shelf.put(APP, app)
    for layer, size in zip(app.layers, sizes, strict=True):
        shelf.readings[layer.descriptor.digest] = LayerReading(unpacked=size)
    watched = inspector(shelf, clock, tag_seconds=1e6, whole_layer_bytes=0)
    found = await watched.inspect(question(wants=EVERYTHING))
    shelf.count()
    return watched, found.images[0]


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ([TOLD, TOLD], [COUNTED, TOLD], [COUNTED, TOLD]),
        ([TOLD, LOST], [COUNTED, TOLD], [COUNTED, TOLD]),
        ([TOLD, LOST], [LOST, COUNTED], [TOLD, COUNTED]),
        ([LOST, LOST], [Size.unknown("it wraps", at_least=5), LOST], None),
        ([COUNTED, TOLD], [TOLD, LOST], [COUNTED, TOLD]),
        ([TOLD, TOLD], [Size.told(9), TOLD], [TOLD, TOLD]),
    ],
    ids=["counted", "more known", "each a part", "a bound", "less known", "another told"],
)
async def test_what_another_process_found_later(
    shelf: Shelf, clock: Clock, ours: list[Size], theirs: list[Size], expected: list[Size] | None
) -> None:
    """What it knows better is taken over at once, layer by layer, and asks for nothing."""
    watched, facts = await finding(shelf, clock, *ours)
    asked = question(wants=EVERYTHING)
    assert watched.cached(asked) is not None

    watched.reader.remember(with_sizes(facts, *theirs), EVERYTHING)

    better = with_sizes(facts, *(expected or theirs))
    assert facts.digest is not None
    assert watched.reader.known(facts.digest, EVERYTHING) == better
    found = watched.cached(asked)
    assert found is not None
    assert found.images == (better,)
    assert shelf.count() == {}


async def test_a_copy_learns_what_another_process_found_later(shelf: Shelf, clock: Clock) -> None:
    """So does what was read of the same image in another registry, which has its own facts."""
    watched, facts = await finding(shelf, clock, TOLD)
    copy = question("mirror.test/team/app:1", EVERYTHING)
    shelf.put("mirror.test/team/app:1", tiny("0"))
    await watched.inspect(copy)

    watched.reader.remember(with_sizes(facts, COUNTED), EVERYTHING)

    for asked in (copy, question(wants=EVERYTHING)):
        found = watched.cached(asked)
        assert found is not None
        assert found.images[0].unpacked == COUNTED


async def test_what_another_process_counted_is_not_looked_at_again(
    shelf: Shelf, clock: Clock
) -> None:
    """A process that was about to count what it was told leaves it, and all its layers, alone."""
    app = tiny("one", "two")
    shelf.put(APP, app)
    watched, facts = await remembering(shelf, clock, 10**6)
    asked = question(wants=EVERYTHING)
    assert watched.cached(asked) is None

    watched.reader.remember(with_sizes(facts, COUNTED, COUNTED), EVERYTHING)
    clock.now += 1e5

    assert (await settled(lambda: watched.inspect(asked))).images[0].unpacked == Size.counted(14)
    assert shelf.count() == {}


async def test_what_is_still_open_is_looked_at_again(shelf: Shelf, clock: Clock) -> None:
    """And what was counted elsewhere stays so, though this process is told of it once more."""
    app = tiny("one", "two")
    shelf.put(APP, app)
    first, second = (layer.descriptor.digest for layer in app.layers)
    shelf.readings[first] = LayerReading(unpacked=TOLD)
    shelf.faults[second] = UnavailableError("down")
    watched = inspector(shelf, clock, tag_seconds=1e6, whole_layer_bytes=0)
    asked = question(wants=EVERYTHING)
    facts = (await watched.inspect(asked)).images[0]
    watched.reader.remember(with_sizes(facts, COUNTED, LOST), EVERYTHING)
    assert watched.cached(asked) is not None
    shelf.faults.clear()
    shelf.readings[second] = LayerReading(unpacked=TOLD)
    shelf.count()

    clock.now += 61
    await settled(lambda: watched.inspect(asked))

    layers = (await watched.inspect(asked)).images[0].layers
    assert [layer.unpacked for layer in layers] == [COUNTED, TOLD]
    assert shelf.count() == {"layer": 1}


@pytest.mark.parametrize(
    "found", [Size.unknown("a bomb", at_least=10**9), Size.unknown("malformed")]
)
async def test_what_is_found_not_to_be_true_is_believed_no_more(
    shelf: Shelf, clock: Clock, found: Size
) -> None:
    """Who counts what an earlier run was told, and can't, goes by that, and looks but once."""
    app = tiny("one")
    shelf.put(APP, app)
    watched, facts = await remembering(shelf, clock, 10**6)
    shelf.readings[app.layers[0].descriptor.digest] = LayerReading(unpacked=found)
    asked = question(wants=EVERYTHING)
    await settled(lambda: watched.inspect(asked))
    shelf.count()

    assert (await settled(lambda: watched.inspect(asked))).images[0].unpacked == found
    assert shelf.count() == {}
    if found.at_least:
        watched.reader.remember(facts, EVERYTHING)
        assert (await settled(lambda: watched.inspect(asked))).images[0].unpacked == found
        assert shelf.count() == {}


async def test_facts_of_other_layers_are_left_aside(shelf: Shelf, clock: Clock) -> None:
    """Somebody may have edited an ImageProfile."""
    watched, facts = await finding(shelf, clock, TOLD)
    edited = with_sizes(facts, COUNTED)

    watched.reader.remember(replace(edited, layers=edited.layers * 2), EVERYTHING)

    found = watched.cached(question(wants=EVERYTHING))
    assert found is not None
    assert found.images == (facts,)
