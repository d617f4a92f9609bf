"""What a reference is: platforms, artifacts, layers, and what is wanted of it."""

import asyncio
import dataclasses

import pytest

from slimgate.core.errors import (
    ImageError,
    NotFoundError,
    TooLargeError,
    UnavailableError,
    UnsupportedError,
)
from slimgate.core.images.facts import NOT_ASKED, Platform, Size, Wants
from slimgate.core.images.oci import OCI_INDEX, OCI_MANIFEST
from slimgate.core.images.reference import Reference
from slimgate.engine.inspector import Inspector
from slimgate.engine.ports import LayerReading
from tests.engine.documents import descriptor, index_of, manifest_of
from tests.engine.shelf import (
    AMD64,
    APP,
    ARM64,
    CONFIG,
    EVERYTHING,
    REGISTRY,
    Door,
    Shelf,
    inspector,
    question,
    settled,
    tiny,
    until,
)
from tests.support import images
from tests.support.clock import Clock

ARM = Platform("linux", "arm")
V6, V7 = Platform("linux", "arm", "v6"), Platform("linux", "arm", "v7")
WINDOWS = Platform("windows", "amd64")
SEVERAL = (AMD64, ARM64, V6, V7)

CHOICES = [
    ((AMD64,), (AMD64,)),
    ((ARM64, AMD64), (ARM64, AMD64)),
    ((ARM,), (V7,)),
    ((V6,), (V6,)),
    ((ARM, V7), (V7,)),
    ((WINDOWS, ARM64), (ARM64,)),
    ((), SEVERAL),
]


@pytest.mark.parametrize(("wanted", "expected"), CHOICES)
async def test_platforms(
    shelf: Shelf, clock: Clock, wanted: tuple[Platform, ...], expected: tuple[Platform, ...]
) -> None:
    """An index gives an image for each platform that is asked for, each manifest once."""
    shelf.put(APP, images.index([tiny(str(one), platform=one) for one in SEVERAL]))

    for wants in (Wants(), CONFIG):
        asked = question(wants=wants, platforms=wanted)
        found = await inspector(shelf, clock).inspect(asked)

        assert tuple(image.platform for image in found.images) == expected
        assert found.media_type == OCI_INDEX


async def test_no_image_for_the_platform(shelf: Shelf, clock: Clock) -> None:
    """The sentence says which platforms there are, and nobody is asked again for it."""
    shelf.put(APP, images.index([tiny(str(one), platform=one) for one in SEVERAL]))
    watched = inspector(shelf, clock)
    asked = question(platforms=(WINDOWS,))
    for _ in range(2):
        with pytest.raises(NotFoundError) as caught:
            await watched.inspect(asked)

    assert str(caught.value) == (
        f"{APP} has no image for windows/amd64; "
        "it has linux/amd64, linux/arm/v6, linux/arm/v7, linux/arm64"
    )
    assert shelf.count() == {"document": 1}


async def test_a_platform_is_what_its_own_index_says(shelf: Shelf, clock: Clock) -> None:
    """Without its config, an image is on the platform of the index that it was reached by."""
    part = tiny("part")
    names = [f"{REGISTRY}/team/app:{tag}" for tag in ("single", "amd", "arm")]
    shelf.put(names[0], part)
    for name, platform in zip(names[1:], (AMD64, ARM64), strict=True):
        entry = descriptor(part.manifest, platform=platform)
        shelf.document_at(Reference.parse(name), OCI_INDEX, index_of(entry))
    watched = inspector(shelf, clock)
    platforms = [
        (await watched.inspect(question(name, Wants(), platforms=(AMD64, ARM64))))
        .images[0]
        .platform
        for name in names
    ]
    assert platforms == [Platform("unknown", "unknown"), AMD64, ARM64]

    config = await watched.inspect(question(names[2], platforms=(AMD64, ARM64)))
    assert config.images[0].platform == AMD64


async def test_attestations_are_no_images(shelf: Shelf, clock: Clock) -> None:
    """What BuildKit puts beside an image is left out, and what only calls itself so is not."""
    part, odd = tiny("part"), tiny("odd", platform=ARM64)
    shelf.put(f"{REGISTRY}/team/app:part", part)
    shelf.put(f"{REGISTRY}/team/app:odd", odd)
    note = {"vnd.docker.reference.type": "attestation-manifest"}
    entries = (
        descriptor(b"attestation", platform=Platform("unknown", "unknown"), annotations=note),
        descriptor(b"bare attestation", annotations=note),
        descriptor(part.manifest, platform=AMD64),
        descriptor(odd.manifest, platform=ARM64, annotations=note),
    )
    shelf.document_at(Reference.parse(APP), OCI_INDEX, index_of(*entries))

    found = await inspector(shelf, clock).inspect(question(platforms=()))

    assert [image.digest for image in found.images] == [part.digest, odd.digest]


async def test_an_index_in_an_index(shelf: Shelf, clock: Clock) -> None:
    """No container runtime runs it, so it is refused by name."""
    inner = images.index([tiny("inner")])
    shelf.put(f"{REGISTRY}/team/app:inner", inner)
    entry = descriptor(inner.manifest, media_type=OCI_INDEX, platform=AMD64)
    shelf.document_at(Reference.parse(APP), OCI_INDEX, index_of(entry))

    with pytest.raises(UnsupportedError, match="the index lists another index"):
        await inspector(shelf, clock).inspect(question())


async def test_an_index_in_an_index_is_one_by_itself(shelf: Shelf, clock: Clock) -> None:
    """Who asks for it while another comes by the outer one gets its image, and the other none."""
    part = tiny("inner")
    inner = images.index([part])
    shelf.put(f"{REGISTRY}/team/app:inner", inner)
    entry = descriptor(inner.manifest, media_type=OCI_INDEX, platform=AMD64)
    shelf.document_at(Reference.parse(APP), OCI_INDEX, index_of(entry))
    watched = inspector(shelf, clock)
    door = shelf.doors[inner.digest] = Door()
    outer = asyncio.create_task(watched.inspect(question()))
    await door.knocked.wait()
    direct = asyncio.create_task(watched.inspect(question(f"{REGISTRY}/team/app:inner")))
    await until(lambda: ("document", f"{REGISTRY}/team/app@inner") in shelf.asked)
    for _ in range(20):
        await asyncio.sleep(0)
    door.opened.set()
    found = await asyncio.gather(outer, direct, return_exceptions=True)

    assert isinstance(found[0], UnsupportedError)
    assert not isinstance(found[1], BaseException)
    assert [image.digest for image in found[1].images] == [part.digest]


async def test_an_artifact(shelf: Shelf, clock: Clock) -> None:
    """It has sizes but neither config nor layers to look into, whatever is wanted."""
    chart = "application/vnd.cncf.helm.config.v1+json"
    body = manifest_of(descriptor(b"{}", media_type=chart), descriptor(b"chart"))
    shelf.document_at(Reference.parse(APP), OCI_MANIFEST, body)

    found = await inspector(shelf, clock).inspect(question(wants=EVERYTHING))

    (facts,) = found.images
    assert (facts.artifact_type, facts.pull, facts.base.tier) == (chart, Size.known(5), None)
    assert shelf.count() == {"document": 1}


async def test_shared_layers_are_looked_at_once(shelf: Shelf, clock: Clock) -> None:
    """A layer of several images of a registry costs one look; one of two registries costs two."""
    shared = images.layer({"usr/lib/base": b"base"})
    names = [f"{REGISTRY}/{name}:1" for name in ("team/a", "team/b", "other/c")]
    for name in (*names, "elsewhere.test/team/a:1"):
        shelf.put(name, images.image([shared, images.layer({name: b""})]))
    watched = inspector(shelf, clock)
    for name in names:
        await watched.inspect(question(name, EVERYTHING))
    assert shelf.count()["layer"] == 1 + len(names)

    await watched.inspect(question("elsewhere.test/team/a:1", EVERYTHING))
    assert shelf.count()["layer"] == 2


async def test_a_layer_that_fails_leaves_the_rest(shelf: Shelf, clock: Clock) -> None:
    """Its size is unknown for the error's reason, and looked at again later, alone."""
    app = tiny("one", "two", "three")
    shelf.put(APP, app)
    shelf.faults[app.layers[1].descriptor.digest] = UnavailableError("come back later")
    watched = inspector(shelf, clock)
    asked = question(wants=EVERYTHING)
    (facts,) = (await watched.inspect(asked)).images
    reasons = [layer.unpacked.reason for layer in facts.layers]
    assert reasons == [None, "come back later", None]
    assert facts.unpacked.bytes is None
    assert facts.platform == AMD64
    assert shelf.count() == {"document": 1, "config": 1, "layer": 3}

    shelf.faults.clear()
    clock.now += 59
    assert watched.cached(asked) is not None
    clock.now += 2
    await settled(lambda: watched.inspect(asked))
    (facts,) = (await watched.inspect(asked)).images

    assert [layer.unpacked.reason for layer in facts.layers] == [None] * 3
    assert shelf.count() == {"layer": 1}


@pytest.mark.parametrize("error", [NotFoundError("gone"), TooLargeError("too much")])
async def test_a_layer_that_fails_for_good_is_looked_at_less_often(
    shelf: Shelf, clock: Clock, error: ImageError
) -> None:
    """What does not pass by itself may still be repaired: it is looked at after an hour."""
    app = tiny("one")
    shelf.put(APP, app)
    shelf.faults["layer"] = error
    watched = inspector(shelf, clock, tag_seconds=1e6)
    asked = question(wants=EVERYTHING)
    await watched.inspect(asked)
    shelf.faults.clear()
    shelf.count()
    clock.now += 3599
    assert watched.cached(asked) is not None

    clock.now += 2
    await settled(lambda: watched.inspect(asked))

    assert (await watched.inspect(asked)).images[0].unpacked.bytes is not None
    assert shelf.count() == {"layer": 1}


async def test_more_is_read_only_when_wanted(shelf: Shelf, clock: Clock) -> None:
    """Pull sizes, then the base, then the layers: each adds its own requests and keeps the rest."""
    shelf.put(APP, tiny("one", "two"))
    watched = inspector(shelf, clock)
    steps = [
        (Wants(), {"document": 1}),
        (CONFIG, {"config": 1}),
        (EVERYTHING, {"document": 1, "config": 1, "layer": 2}),
        (Wants(layers=True), {}),
        (Wants(), {}),
    ]
    for wants, requests in steps:
        (facts,) = (await watched.inspect(question(wants=wants))).images
        assert shelf.count() == requests
        sizes = {layer.unpacked.reason for layer in facts.layers}
        assert (NOT_ASKED in sizes) == (wants in {Wants(), CONFIG} and requests != {})


async def test_who_joins_a_lesser_look_gets_all_that_he_wants(shelf: Shelf, clock: Clock) -> None:
    """A look for pull sizes that is under way is no answer to one for layers."""
    shelf.put(APP, tiny("one", "two"))
    door = shelf.doors["document"] = Door()
    watched = inspector(shelf, clock)
    wanted = [Wants(), EVERYTHING, CONFIG, Wants(), EVERYTHING]
    tasks = [asyncio.create_task(watched.inspect(question(wants=wants))) for wants in wanted]
    await door.knocked.wait()
    door.opened.set()
    found = await asyncio.gather(*tasks)

    known = [one.images[0].unpacked.bytes is not None for one in found]
    assert [known[1], known[4]] == [True, True]
    assert found[2].images[0].platform == AMD64
    assert shelf.count()["layer"] == 2


async def test_synthetic_documents_have_no_digest(shelf: Shelf, clock: Clock) -> None:
    """A source that wrote the manifest itself names nothing that a registry knows."""
    digest = shelf.put(APP, tiny("app"))
    for key, held in list(shelf.documents.items()):
        shelf.documents[key] = dataclasses.replace(held, synthetic=True)
    saved = LayerReading(unpacked=Size.measured(7), pull=Size.unknown("it was saved"))
    shelf.readings = dict.fromkeys([tiny("app").layers[0].descriptor.digest], saved)

    found = await inspector(shelf, clock).inspect(question(wants=EVERYTHING))

    assert (found.digest, found.images[0].digest) == (None, None)
    assert digest not in repr(found.images[0].digest)
    assert found.images[0].pull == Size.unknown("it was saved")


async def test_outcomes_are_told(shelf: Shelf, clock: Clock) -> None:
    """Every look-up is told once, by how it ended."""
    told: list[str] = []

    class Observer:
        def looked_up(self, outcome: str, seconds: float) -> None:
            assert seconds >= 0
            told.append(outcome)

    shelf.put(APP, tiny("app"))
    watched = Inspector(shelf, clock=clock, observer=Observer())
    await watched.inspect(question(wants=Wants()))
    await watched.inspect(question(wants=CONFIG))
    await watched.inspect(question(wants=CONFIG))
    shelf.faults["resolve"] = UnavailableError("down")
    clock.now += 400
    await watched.inspect(question(wants=CONFIG))
    for _ in range(2):
        with pytest.raises(NotFoundError):
            await watched.inspect(question(f"{REGISTRY}/team/none:1"))

    assert told == ["fetched", "fetched", "cached", "stale", "not_found", "not_found"]
