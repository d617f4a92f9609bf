"""How sizes of layers are known: what is measured later, and who waits for it."""

import asyncio
from dataclasses import replace

import pytest

from slimgate.core.assemble import coverage
from slimgate.core.errors import (
    DigestMismatchError,
    ImageError,
    NotFoundError,
    UnauthorizedError,
    UnavailableError,
)
from slimgate.core.images.facts import ImageFacts, Size, SizeEvidence
from slimgate.core.images.memory import place_key
from slimgate.engine.inspector import Inspector
from slimgate.engine.ports import LayerReading
from tests.engine.shelf import (
    APP,
    EVERYTHING,
    REGISTRY,
    Door,
    Shelf,
    inspector,
    question,
    settled,
    sizes_of,
    tiny,
)
from tests.support.clock import Clock
from tests.support.images import Image

ASKED = question(wants=EVERYTHING)


def with_sizes(facts: ImageFacts, *sizes: Size, registry: str = REGISTRY) -> ImageFacts:
    """Say other sizes of layers, by the word of a registry."""
    assert facts.digest is not None
    pairs = zip(facts.layers, sizes, strict=True)
    layers = tuple(replace(one, unpacked=size) for one, size in pairs)
    estimated_by = (
        place_key(registry, facts.digest) if any(size.is_unverified for size in sizes) else None
    )
    return replace(facts, layers=layers, estimated_by=estimated_by)


def estimated(facts: ImageFacts) -> ImageFacts:
    """Make facts with the same sizes, but estimated."""
    return with_sizes(facts, *(Size.estimated(layer.unpacked.bytes or 0) for layer in facts.layers))


async def remembering(
    shelf: Shelf, clock: Clock, app: Image, whole_layer_bytes: int = 10**6
) -> tuple[Inspector, ImageFacts]:
    """Push an image, and restart with facts of it whose sizes were estimated, and with a limit."""
    shelf.put(APP, app)
    before = inspector(shelf, clock)
    facts = estimated((await before.inspect(ASKED)).images[0])
    after = inspector(shelf, clock, tag_seconds=1e6, whole_layer_bytes=whole_layer_bytes)
    after.restore(before.memory())
    after.reader.remember(facts, coverage(facts))
    shelf.count()
    return after, facts


async def test_what_an_earlier_run_estimated_is_measured_now(shelf: Shelf, clock: Clock) -> None:
    """Where layers are small enough for it by now, at once; estimates answer meanwhile."""
    app = tiny("one", "two")
    limit = max(len(layer.blob) for layer in app.layers)
    watched, facts = await remembering(shelf, clock, app, limit)

    first = await settled(lambda: watched.inspect(ASKED))
    again = await watched.inspect(ASKED)

    assert first.images == (facts,)
    assert first.images[0].unpacked.evidence is SizeEvidence.ESTIMATED
    assert again.images[0].unpacked == Size.measured(facts.unpacked.bytes or 0)
    assert shelf.count() == {"document": 1, "config": 1, "layer": 2}


async def test_what_is_too_large_to_be_measured_stays_estimated(shelf: Shelf, clock: Clock) -> None:
    """Nobody is asked for a layer of which there is no more to be had."""
    app = tiny("one")
    watched, facts = await remembering(shelf, clock, app, len(app.layers[0].blob) - 1)
    clock.now += 1e5

    found = await settled(lambda: watched.inspect(ASKED))

    assert found.images == (facts,)
    assert shelf.count() == {}


async def test_an_estimate_answers_until_it_is_measured(shelf: Shelf, clock: Clock) -> None:
    """A layer that can't be had for now keeps its estimate; the others are measured."""
    app = tiny("one", "two", "three")
    watched, facts = await remembering(shelf, clock, app)
    shelf.faults[app.layers[1].descriptor.digest] = UnavailableError("down")
    await settled(lambda: watched.inspect(ASKED))
    shelf.count()

    measured = [Size.measured(layer.unpacked.bytes or 0) for layer in facts.layers]
    known = facts.layers[1].unpacked
    assert sizes_of(await watched.inspect(ASKED)) == [measured[0], known, measured[2]]
    shelf.faults.clear()
    clock.now += 61
    await settled(lambda: watched.inspect(ASKED))

    size = (await watched.inspect(ASKED)).images[0].unpacked
    assert size == Size.measured(facts.unpacked.bytes or 0)
    assert shelf.count() == {"layer": 1}


@pytest.mark.parametrize(
    "error", [DigestMismatchError("others"), UnauthorizedError("not yours"), NotFoundError("gone")]
)
async def test_an_estimate_falls_with_the_layer(
    shelf: Shelf, clock: Clock, error: ImageError
) -> None:
    """Whoever forges the end of a layer may not serve the rest: what is measured must be seen."""
    app = tiny("one", "two", "three")
    watched, facts = await remembering(shelf, clock, app)
    shelf.faults[app.layers[1].descriptor.digest] = error
    await settled(lambda: watched.inspect(ASKED))
    measured = [Size.measured(layer.unpacked.bytes or 0) for layer in facts.layers]
    expected = [measured[0], Size.unknown(str(error)), measured[2]]

    assert sizes_of(await watched.inspect(ASKED)) == expected
    watched.reader.remember(facts, EVERYTHING)
    assert sizes_of(await watched.inspect(ASKED)) == expected
    shelf.faults.clear()
    clock.now += 3601
    await settled(lambda: watched.inspect(ASKED))
    assert sizes_of(await watched.inspect(ASKED)) == measured


async def test_what_is_too_large_to_be_measured_falls_with_no_error(
    shelf: Shelf, clock: Clock
) -> None:
    """Nothing that could be had would disprove its estimate."""
    app = tiny("one", "b" * 4000)
    small, large = (layer.descriptor for layer in app.layers)
    assert small.size < large.size
    watched, facts = await remembering(shelf, clock, app, small.size)
    shelf.faults[large.digest] = UnauthorizedError("not yours")
    await settled(lambda: watched.inspect(ASKED))

    measured = Size.measured(facts.layers[0].unpacked.bytes or 0)
    assert sizes_of(await watched.inspect(ASKED)) == [measured, facts.layers[1].unpacked]


async def test_a_layer_outlives_the_deadline_of_who_asked_for_it(
    shelf: Shelf, watched: Inspector
) -> None:
    """It is read to its end in the background, once, for whoever asks next."""
    shelf.put(APP, tiny("one"))
    door = shelf.doors["layer"] = Door()
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await watched.inspect(ASKED)
    assert watched.cached(ASKED) is None

    door.opened.set()
    found = await watched.inspect(ASKED)

    assert found.images[0].unpacked.evidence is SizeEvidence.MEASURED
    assert shelf.count() == {"document": 1, "config": 1, "layer": 1}


LOST = Size.unknown("lost", evidence=SizeEvidence.ESTIMATED)
ESTIMATED, MEASURED = Size.estimated(7), Size.measured(7)


async def finding(shelf: Shelf, clock: Clock, *sizes: Size) -> tuple[Inspector, ImageFacts]:
    """Inspect an image whose layers have these sizes."""
    app = tiny(*map(str, range(len(sizes))))
    shelf.put(APP, app)
    for layer, size in zip(app.layers, sizes, strict=True):
        shelf.readings[layer.descriptor.digest] = LayerReading(unpacked=size)
    watched = inspector(shelf, clock, tag_seconds=1e6, whole_layer_bytes=0)
    found = await watched.inspect(ASKED)
    shelf.count()
    return watched, found.images[0]


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ([ESTIMATED, LOST], [LOST, MEASURED], [ESTIMATED, MEASURED]),
        ([ESTIMATED, ESTIMATED], [Size.estimated(9), ESTIMATED], [ESTIMATED, ESTIMATED]),
    ],
    ids=["each a part", "another estimate"],
)
async def test_what_another_process_found_later(
    shelf: Shelf, clock: Clock, ours: list[Size], theirs: list[Size], expected: list[Size]
) -> None:
    """What it measured is taken over at once, layer by layer, and asks for nothing."""
    watched, facts = await finding(shelf, clock, *ours)
    assert watched.cached(ASKED) is not None

    watched.reader.remember(with_sizes(facts, *theirs), EVERYTHING)

    better = with_sizes(facts, *expected)
    assert facts.digest is not None
    assert watched.reader.known(facts.digest, EVERYTHING) == better
    found = watched.cached(ASKED)
    assert found is not None
    assert found.images == (better,)
    assert shelf.count() == {}


async def test_a_copy_learns_what_another_process_found_later(shelf: Shelf, clock: Clock) -> None:
    """So does what was read of the same image in another registry, which has its own facts."""
    watched, facts = await finding(shelf, clock, ESTIMATED)
    copy = question("mirror.test/team/app:1", EVERYTHING)
    shelf.put("mirror.test/team/app:1", tiny("0"))
    await watched.inspect(copy)

    watched.reader.remember(with_sizes(facts, MEASURED), EVERYTHING)

    for asked in (copy, ASKED):
        found = watched.cached(asked)
        assert found is not None
        assert found.images[0].unpacked == MEASURED


async def test_what_another_process_measured_is_not_looked_at_again(
    shelf: Shelf, clock: Clock
) -> None:
    """A process that was about to measure the image leaves it, and all its layers, alone."""
    app = tiny("one", "two")
    watched, facts = await remembering(shelf, clock, app)
    assert watched.cached(ASKED) is None

    watched.reader.remember(with_sizes(facts, MEASURED, MEASURED), EVERYTHING)
    clock.now += 1e5

    assert (await settled(lambda: watched.inspect(ASKED))).images[0].unpacked == Size.measured(14)
    assert shelf.count() == {}


async def test_what_is_still_open_is_looked_at_again(shelf: Shelf, clock: Clock) -> None:
    """And what was measured elsewhere stays so, though this process estimates it once more."""
    app = tiny("one", "two")
    shelf.put(APP, app)
    first, second = (layer.descriptor.digest for layer in app.layers)
    shelf.readings[first] = LayerReading(unpacked=ESTIMATED)
    shelf.faults[second] = UnavailableError("down")
    watched = inspector(shelf, clock, tag_seconds=1e6, whole_layer_bytes=0)
    facts = (await watched.inspect(ASKED)).images[0]
    watched.reader.remember(with_sizes(facts, MEASURED, LOST), EVERYTHING)
    assert watched.cached(ASKED) is not None
    shelf.faults.clear()
    shelf.readings[second] = LayerReading(unpacked=ESTIMATED)
    shelf.count()

    clock.now += 61
    await settled(lambda: watched.inspect(ASKED))

    layers = (await watched.inspect(ASKED)).images[0].layers
    assert [layer.unpacked for layer in layers] == [MEASURED, ESTIMATED]
    assert shelf.count() == {"layer": 1}


@pytest.mark.parametrize(
    "found", [Size.unknown("a bomb", at_least=10**9), Size.unknown("malformed")]
)
async def test_what_is_found_not_to_be_true_is_believed_no_more(
    shelf: Shelf, clock: Clock, found: Size
) -> None:
    """Who can't measure what an earlier run estimated goes by that, and looks but once."""
    app = tiny("one")
    watched, facts = await remembering(shelf, clock, app)
    shelf.readings[app.layers[0].descriptor.digest] = LayerReading(unpacked=found)
    await settled(lambda: watched.inspect(ASKED))
    shelf.count()

    assert (await settled(lambda: watched.inspect(ASKED))).images[0].unpacked == found
    assert shelf.count() == {}
    if found.at_least:
        watched.reader.remember(facts, EVERYTHING)
        assert (await settled(lambda: watched.inspect(ASKED))).images[0].unpacked == found
        assert shelf.count() == {}


def doubled(facts: ImageFacts) -> ImageFacts:
    """Say that there is each layer twice, as whoever edits an ImageProfile can."""
    return replace(facts, layers=facts.layers * 2)


async def test_facts_of_other_layers_are_left_aside(shelf: Shelf, clock: Clock) -> None:
    """They are no facts of this manifest."""
    watched, facts = await finding(shelf, clock, ESTIMATED)

    watched.reader.remember(doubled(with_sizes(facts, MEASURED)), EVERYTHING)

    found = watched.cached(ASKED)
    assert found is not None
    assert found.images == (facts,)


async def test_another_look_sees_that_facts_are_of_other_layers(shelf: Shelf, clock: Clock) -> None:
    """What an earlier run is said to have found goes by the manifest then, as far as it gets."""
    app = tiny("one", "two")
    watched, facts = await remembering(shelf, clock, app)
    edited = inspector(shelf, clock, tag_seconds=1e6, whole_layer_bytes=10**6)
    edited.restore(watched.memory())
    edited.reader.remember(doubled(facts), EVERYTHING)
    shelf.faults[app.layers[1].descriptor.digest] = UnavailableError("down")
    first = await settled(lambda: edited.inspect(ASKED))

    found = [Size.measured(facts.layers[0].unpacked.bytes or 0), Size.unknown("down")]
    assert len(first.images[0].layers) == 4
    assert sizes_of(await edited.inspect(ASKED)) == found
    edited.reader.remember(doubled(facts), EVERYTHING)
    assert sizes_of(await edited.inspect(ASKED)) == found


async def test_facts_of_other_layers_are_no_answer_to_a_first_look(
    shelf: Shelf, clock: Clock, watched: Inspector
) -> None:
    """The manifest is at hand, and says so."""
    shelf.put(APP, tiny("one"))
    first = await inspector(shelf, clock).inspect(ASKED)
    watched.reader.remember(doubled(first.images[0]), EVERYTHING)

    assert await watched.inspect(ASKED) == first
    assert watched.cached(ASKED) == first
