"""How long layers are: who is asked, what is remembered, and what counts for whom."""

from collections.abc import Callable

import pytest

from slimgate.core.errors import ImageError, NotFoundError, UnavailableError
from slimgate.core.images.facts import Size, Wants
from slimgate.engine.inspector import Inspector, Question
from slimgate.engine.ports import LayerReading
from tests.engine.shelf import AMD64, APP, ARM64, Shelf, identity, inspector, question, tiny
from tests.support.clock import Clock
from tests.support.images import Image, but, index

PULL = Wants(lengths=frozenset({AMD64}))
BOTH = Wants(config=True, layers=True, lengths=frozenset({AMD64}))
OTHER = "other.test/team/app:1"
Put = Callable[[Inspector, Question], object]


def said(honest: Image, size: int) -> Image:
    """Have a manifest say a size of each layer."""
    layers = [
        {"mediaType": one.media_type, "digest": one.descriptor.digest, "size": size}
        for one in honest.layers
    ]
    return but(honest, layers=layers)


async def pulls(watched: Inspector, asked: Question) -> list[Size]:
    """List what the layers of an image are to pull."""
    return [one.pull for one in (await watched.inspect(asked)).images[0].layers]


async def test_an_honest_layer(shelf: Shelf, clock: Clock) -> None:
    """It is asked for once, whoever wants it, and is as much to pull as its manifest says."""
    app = tiny("one", "two")
    shelf.put(APP, app)
    shelf.put(f"{APP}.1", tiny("one", "three"))
    watched = inspector(shelf, clock)

    found = await pulls(watched, question(wants=PULL))
    assert found == [Size.known(len(one.blob)) for one in app.layers]
    assert shelf.count() == {"document": 1, "length": 2}
    assert watched.cached(question(wants=PULL)) is not None
    await watched.inspect(question(f"{APP}.1", PULL))
    assert shelf.count() == {"document": 1, "length": 1}


async def test_who_does_not_want_them(shelf: Shelf, clock: Clock) -> None:
    """He is given what the manifest says, before and after, and nobody is asked."""
    shelf.put(APP, said(tiny("one"), 1))
    watched = inspector(shelf, clock)

    found = [await pulls(watched, question(wants=Wants()))]
    assert shelf.count() == {"document": 1}
    (longer,) = await pulls(watched, question(wants=PULL))
    found.append(await pulls(watched, question(wants=Wants())))

    assert found == [[Size.known(1)]] * 2
    assert longer.bytes is None
    assert longer.at_least == len(tiny("one").layers[0].blob)


@pytest.mark.parametrize("size", [1, 10**12])
async def test_what_one_manifest_says_counts_for_no_other(
    shelf: Shelf, clock: Clock, size: int
) -> None:
    """A length is the blob's: what else names it is as it was, and what is false is broken."""
    honest = tiny("one")
    shelf.put(APP, said(honest, size))
    shelf.put(f"{APP}.1", honest)
    watched = inspector(shelf, clock)
    length = len(honest.layers[0].blob)

    (false,) = await pulls(watched, question(wants=PULL))
    (true,) = await pulls(watched, question(f"{APP}.1", PULL))

    assert true == Size.known(length)
    assert (false.at_least, false.fault) == (length, "unsupported")
    assert false.reason == (
        f"a layer has {length} bytes, not the {size} bytes that the manifest says: "
        "the image is broken, and containerd refuses it"
    )


async def test_each_registry_is_asked_itself(shelf: Shelf, clock: Clock) -> None:
    """What one says of a digest is nothing to another."""
    for name in (APP, OTHER):
        shelf.put(name, tiny("one"))
    watched = inspector(shelf, clock)
    for name in (APP, OTHER):
        await watched.inspect(question(name, PULL))

    assert shelf.count() == {"document": 2, "length": 2}


async def test_what_was_measured_is_compared_already(shelf: Shelf, clock: Clock) -> None:
    """A layer that was read whole, by whichever process, is asked for no more."""
    shelf.put(APP, tiny("one"))
    await inspector(shelf, clock).inspect(question(wants=BOTH))
    assert shelf.count() == {"document": 1, "config": 1, "layer": 1}

    layer = tiny("one").layers[0].descriptor.digest
    shelf.readings[layer] = LayerReading(unpacked=Size.estimated(10))
    await inspector(shelf, clock).inspect(question(wants=BOTH))
    assert shelf.count() == {"document": 1, "config": 1, "layer": 1, "length": 1}


async def test_images_for_other_nodes(shelf: Shelf, clock: Clock) -> None:
    """Only what a node may run that believes manifests is asked for."""
    parts = [tiny("one"), tiny("two", platform=ARM64)]
    shelf.put(APP, index([said(one, 1) for one in parts]))
    found = await inspector(shelf, clock).inspect(question(wants=PULL, platforms=(AMD64, ARM64)))

    assert [one.pull.bytes for one in found.images] == [None, 1]
    assert shelf.count()["length"] == 1


@pytest.mark.parametrize("error", [UnavailableError("down"), NotFoundError("gone")])
async def test_a_failure(shelf: Shelf, clock: Clock, error: ImageError) -> None:
    """It is the answer for a while, then asked for again; what the manifest says still counts."""
    app = tiny("one")
    shelf.put(APP, app)
    shelf.faults["length"] = error
    watched, asked = inspector(shelf, clock, retry_seconds=60), question(wants=PULL)

    for _ in range(2):
        (found,) = await pulls(watched, asked)
        assert (found.bytes, found.at_least) == (None, len(app.layers[0].blob))
        assert (found.reason, found.fault) == (str(error), error.reason)
    assert shelf.count() == {"document": 1, "length": 1}
    shelf.faults.clear()
    clock.now += 61
    assert watched.cached(asked) is None
    assert await pulls(watched, asked) == [Size.known(len(app.layers[0].blob))]


async def test_whose_failure_it_is(shelf: Shelf, clock: Clock) -> None:
    """What one may not see of a registry, another may."""
    shelf.put(APP, tiny("one"))
    watched, alice = inspector(shelf, clock), question(wants=PULL, by=identity("alice"))
    shelf.faults["length"] = UnavailableError("down")
    await watched.inspect(question(wants=PULL))
    shelf.faults.clear()

    assert (await pulls(watched, alice))[0].bytes is not None
