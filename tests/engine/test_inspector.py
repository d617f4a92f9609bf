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
from slimgate.core.images.facts import NOT_ASKED, Digest, Platform, Size, Wants
from slimgate.core.images.oci import OCI_INDEX, OCI_MANIFEST
from slimgate.core.images.reference import Reference
from slimgate.engine.inspector import Inspector
from slimgate.engine.ports import LayerReading
from slimgate.engine.route import MAX_DOCUMENTS
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
from tests.support.images import Image, Index

ARM = Platform("linux", "arm")
V6, V7 = Platform("linux", "arm", "v6"), Platform("linux", "arm", "v7")
WINDOWS = Platform("windows", "amd64")
SEVERAL = (AMD64, ARM64, V6, V7)

CHOICES = [
    ((AMD64,), (AMD64,)),
    ((ARM64, AMD64), (ARM64, AMD64)),
    ((ARM,), (V7, V6)),
    ((V6,), (V6,)),
    ((ARM, V7), (V7, V6)),
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


async def test_no_image_for_the_platform(shelf: Shelf, watched: Inspector) -> None:
    """The sentence says which platforms there are, and nobody is asked again for it."""
    shelf.put(APP, images.index([tiny(str(one), platform=one) for one in SEVERAL]))
    asked = question(platforms=(WINDOWS,))
    for _ in range(2):
        with pytest.raises(NotFoundError) as caught:
            await watched.inspect(asked)

    assert str(caught.value) == (
        f"{APP} has no image for windows/amd64; "
        "it has linux/amd64, linux/arm/v6, linux/arm/v7, linux/arm64"
    )
    assert shelf.count() == {"document": 1}


async def test_a_platform_is_what_its_own_index_says(shelf: Shelf, watched: Inspector) -> None:
    """Without its config, an image is on the platform of the index that it was reached by."""
    part = tiny("part")
    names = [f"{REGISTRY}/team/app:{tag}" for tag in ("single", "amd", "arm")]
    shelf.put(names[0], part)
    for name, platform in zip(names[1:], (AMD64, ARM64), strict=True):
        entry = descriptor(part.manifest, platform=platform)
        shelf.document_at(Reference.parse(name), OCI_INDEX, index_of(entry))
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


def nested(shelf: Shelf, inner: Image | Index, depth: int) -> Digest:
    """Put an image behind so many indexes, each for amd64 alone."""
    name = f"{REGISTRY}/team/app:inner"
    shelf.put(name, inner)
    body, kind = inner.manifest, inner.media_type
    for _ in range(depth):
        body = index_of(descriptor(body, media_type=kind, platform=AMD64))
        kind = OCI_INDEX
        shelf.document_at(Reference.parse(name), kind, body)
    shelf.document_at(Reference.parse(APP), kind, body)
    return images.digest_of(body)


@pytest.mark.parametrize("depth", [1, 2, 5, MAX_DOCUMENTS])
async def test_an_index_in_an_index(shelf: Shelf, watched: Inspector, depth: int) -> None:
    """It is followed as container runtimes do, and the next time nobody is asked."""
    part = tiny("inner")
    nested(shelf, part, depth)
    for _ in range(2):
        found = await watched.inspect(question())
        assert [image.digest for image in found.images] == [part.digest]

    assert shelf.count() == {"document": depth + 1, "config": 1}


async def test_an_endless_way_down(shelf: Shelf, clock: Clock) -> None:
    """It ends at a number of documents, and says so."""
    nested(shelf, tiny("inner"), MAX_DOCUMENTS + 1)

    with pytest.raises(TooLargeError, match=f"than the {MAX_DOCUMENTS} that slimgate looks at"):
        await inspector(shelf, clock).inspect(question())
    assert shelf.count() == {"document": MAX_DOCUMENTS + 1}


async def test_a_crowd_hides_nothing(shelf: Shelf, clock: Clock) -> None:
    """Of many that are alike those count that runtimes take, and the rest is a gap."""
    crowd = [tiny(str(number)) for number in range(MAX_DOCUMENTS + 5)]
    for one in crowd:
        shelf.put(f"{REGISTRY}/team/app:part", one)
    loud = Platform("Linux", "AMD64")
    entries = [descriptor(one.manifest, platform=loud) for one in crowd[:-1]]
    entries.append(descriptor(crowd[-1].manifest, platform=AMD64))
    shelf.document_at(Reference.parse(APP), OCI_INDEX, index_of(*entries))

    found = await inspector(shelf, clock).inspect(question(wants=Wants()))

    seen = [image.digest for image in found.images]
    assert seen[:2] == [crowd[0].digest, crowd[-1].digest]
    assert len(seen) == MAX_DOCUMENTS == shelf.count()["document"] - 1
    assert [gap.reason for gap in found.gaps] == [TooLargeError.reason]


GAPS = {
    "gone": (None, NotFoundError.reason),
    "down": (UnavailableError("down"), UnavailableError.reason),
}


@pytest.mark.parametrize("fault", GAPS)
async def test_what_cannot_be_read_hides_nothing(shelf: Shelf, clock: Clock, fault: str) -> None:
    """An image that runtimes may choose is known, though another can't be read: that is a gap."""
    good, bad = tiny("good"), tiny("bad")
    error, reason = GAPS[fault]
    shelf.put(f"{REGISTRY}/team/app:part", good)
    if error is not None:
        shelf.put(f"{REGISTRY}/team/app:part", bad)
        shelf.faults[bad.digest] = error
    entries = [descriptor(one.manifest, platform=AMD64) for one in (bad, good)]
    shelf.document_at(Reference.parse(APP), OCI_INDEX, index_of(*entries))
    watched = inspector(shelf, clock)
    for _ in range(3):
        found = await watched.inspect(question())
        assert [image.digest for image in found.images] == [good.digest]
        assert [gap.reason for gap in found.gaps] == [reason]
    assert shelf.count() == {"document": 3, "config": 1}

    shelf.faults.clear()
    shelf.put(f"{REGISTRY}/team/app:part", bad)
    clock.now += 16
    again = await watched.inspect(question())
    assert ([image.digest for image in again.images], again.gaps) == ([bad.digest, good.digest], ())


async def test_a_digest_that_is_not_read(shelf: Shelf, watched: Inspector) -> None:
    """The image is unknown, in true words, and nobody is asked for what has no name here."""
    other = {**descriptor(b"part", platform=AMD64), "digest": f"sha384:{96 * 'a'}"}
    shelf.document_at(Reference.parse(APP), OCI_INDEX, index_of(other))

    with pytest.raises(UnsupportedError, match="by something else than a sha256 or sha512 digest"):
        await watched.inspect(question())
    assert shelf.count() == {"document": 1}


async def test_a_size_that_the_index_made_up(shelf: Shelf, watched: Inspector) -> None:
    """Containerd refuses a manifest of another size, but only where it is called so."""
    part = tiny("part")
    lying = {**descriptor(part.manifest, platform=AMD64), "size": 1}
    names = [f"{REGISTRY}/team/app:{name}" for name in ("lying", "honest")]
    shelf.put(names[1], part)
    shelf.document_at(Reference.parse(names[0]), OCI_INDEX, index_of(lying))
    honest = index_of(descriptor(part.manifest, platform=AMD64))
    shelf.document_at(Reference.parse(names[1]), OCI_INDEX, honest)
    for _ in range(2):
        found = [await watched.inspect(question(name)) for name in names]
        assert [[image.digest for image in one.images] for one in found] == [[part.digest]] * 2
        assert [len(one.gaps) for one in found] == [1, 0]
        assert "not the 1 that the index says: the image is b" in found[0].gaps[0].message


async def test_what_lies_beside_an_image(shelf: Shelf, watched: Inspector) -> None:
    """A SOCI index names the platform of its image, and no runtime would run it."""
    part = tiny("part")
    kind = "application/vnd.amazon.soci.index.v2+json"
    ztoc = descriptor(b"ztoc", media_type="application/octet-stream")
    soci = manifest_of(descriptor(b"{}", media_type=kind), ztoc)
    name = f"{REGISTRY}/team/app:part"
    shelf.put(name, part)
    shelf.document_at(Reference.parse(name), OCI_MANIFEST, soci)
    entries = [descriptor(one, platform=AMD64) for one in (part.manifest, soci)]
    shelf.document_at(Reference.parse(APP), OCI_INDEX, index_of(*entries))
    for platforms in ((AMD64,), ()):
        found = await watched.inspect(question(platforms=platforms))
        assert ([one.digest for one in found.images], found.gaps) == ([part.digest], ())
        assert watched.cached(question(platforms=platforms)) == found


async def test_a_platform_that_is_lacking(shelf: Shelf, watched: Inspector) -> None:
    """It is a gap where pods of the system may run there, and none on another system."""
    shelf.put(APP, images.index([tiny("part")]))

    found = await watched.inspect(question(platforms=(AMD64, ARM64, WINDOWS)))

    assert [image.serves for image in found.images] == [(AMD64,)]
    assert [gap.message for gap in found.gaps] == [
        f"{APP} has no image for linux/arm64; it has linux/amd64"
    ]
    assert watched.cached(question(platforms=(AMD64, ARM64, WINDOWS))) == found


async def test_an_index_in_an_index_is_one_by_itself(shelf: Shelf, watched: Inspector) -> None:
    """Who asks for it while another comes by the outer one gets its image, as the other does."""
    part = tiny("inner")
    inner = images.index([part])
    shelf.put(f"{REGISTRY}/team/app:inner", inner)
    entry = descriptor(inner.manifest, media_type=OCI_INDEX, platform=AMD64)
    shelf.document_at(Reference.parse(APP), OCI_INDEX, index_of(entry))
    door = shelf.doors[inner.digest] = Door()
    outer = asyncio.create_task(watched.inspect(question()))
    await door.knocked.wait()
    direct = asyncio.create_task(watched.inspect(question(f"{REGISTRY}/team/app:inner")))
    await until(lambda: ("document", f"{REGISTRY}/team/app@inner") in shelf.asked)
    for _ in range(20):
        await asyncio.sleep(0)
    door.opened.set()
    found = await asyncio.gather(outer, direct, return_exceptions=True)

    for one in found:
        assert not isinstance(one, BaseException)
        assert [image.digest for image in one.images] == [part.digest]


async def test_an_artifact(shelf: Shelf, clock: Clock) -> None:
    """It has sizes but neither config nor layers to look into, whatever is wanted."""
    chart = "application/vnd.cncf.helm.config.v1+json"
    content = descriptor(b"chart", media_type="application/vnd.cncf.helm.chart.content.v1.tar+gzip")
    body = manifest_of(descriptor(b"{}", media_type=chart), content)
    shelf.document_at(Reference.parse(APP), OCI_MANIFEST, body)

    found = await inspector(shelf, clock).inspect(question(wants=EVERYTHING))

    (facts,) = found.images
    assert (facts.artifact_type, facts.pull, facts.base.tier) == (chart, Size.known(5), None)
    assert shelf.count() == {"document": 1}


async def test_shared_layers_are_looked_at_once(shelf: Shelf, watched: Inspector) -> None:
    """A layer of several images of a registry costs one look; one of two registries costs two."""
    shared = images.layer({"usr/lib/base": b"base"})
    names = [f"{REGISTRY}/{name}:1" for name in ("team/a", "team/b", "other/c")]
    for name in (*names, "elsewhere.test/team/a:1"):
        shelf.put(name, images.image([shared, images.layer({name: b""})]))
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


async def test_more_is_read_only_when_wanted(shelf: Shelf, watched: Inspector) -> None:
    """Pull sizes, then the base, then the layers: each adds its own requests and keeps the rest."""
    shelf.put(APP, tiny("one", "two"))
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
