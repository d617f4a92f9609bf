"""Facts that are kept: who gets them, for how long, and what is looked at again."""

import asyncio
import time
from dataclasses import replace

import pytest

from slimgate.core.assemble import coverage
from slimgate.core.errors import NotFoundError, UnauthorizedError, UnavailableError
from slimgate.core.images.facts import Base, ImageFacts, Inspection, Platform, Wants
from slimgate.core.images.memory import from_json, to_json
from slimgate.core.images.reference import Reference
from slimgate.core.images.tier import Evidence
from slimgate.engine.inspector import Inspector, InspectorSettings
from tests.engine.documents import descriptor, index_of
from tests.engine.shelf import (
    AMD64,
    APP,
    ARM64,
    CONFIG,
    EVERYTHING,
    REGISTRY,
    Door,
    Shelf,
    identity,
    inspector,
    question,
    settled,
    tiny,
)
from tests.support import images
from tests.support.clock import Clock
from tests.support.images import Image, Index

EVIL = "evil.test/any/thing:1"
BASE = "base.test/golden/base:1"
CLAIM = "org.opencontainers.image.base.name"
ROOT = images.layer({"etc/os-release": b"ID=alpine\n", "bin/busybox": b"x"})


def claiming(*names: str) -> Image:
    """Make an image on the base's layer that claims bases: by annotation, then by label."""
    labels = {CLAIM: names[1]} if len(names) > 1 else {}
    return images.image(
        [ROOT, images.layer({"app": b"app"})],
        annotations={CLAIM: names[0]},
        config={"Labels": labels},
    )


async def facts_of(watched: Inspector, name: str = APP) -> ImageFacts:
    """Look a reference up, and give the facts of its first image."""
    return (await watched.inspect(question(name))).images[0]


async def pointed_at(secret: Image | Index, shelf: Shelf, clock: Clock) -> Inspector:
    """Let a private image be known, and a registry that was known too point at it."""
    digest = shelf.put(APP, secret)
    shelf.put(EVIL, tiny("bait"))
    watched = inspector(shelf, clock)
    await watched.inspect(question(APP))
    await watched.inspect(question(EVIL))
    shelf.lies[question(EVIL).reference] = digest
    clock.now += 400
    return watched


async def test_naming_a_digest_opens_nothing(shelf: Shelf, clock: Clock) -> None:
    """A registry that points at a private image elsewhere gets none of its facts told."""
    watched = await pointed_at(tiny("secret"), shelf, clock)

    with pytest.raises(NotFoundError):
        await watched.inspect(question(EVIL))
    assert watched.cached(question(EVIL)) is None


async def test_listing_a_digest_opens_nothing(shelf: Shelf, watched: Inspector) -> None:
    """Nor does an index that lists a private image of another registry."""
    secret = tiny("secret")
    shelf.put(APP, secret)
    listing = index_of(descriptor(secret.manifest, platform=AMD64))
    shelf.document_at(Reference.parse(EVIL), "application/vnd.oci.image.index.v1+json", listing)
    await watched.inspect(question(APP))

    with pytest.raises(NotFoundError):
        await watched.inspect(question(EVIL))


async def test_pointing_at_an_index_opens_nothing(shelf: Shelf, clock: Clock) -> None:
    """Not even which platforms a private image is for."""
    parts = [tiny(str(one), platform=one) for one in (AMD64, ARM64)]
    watched = await pointed_at(images.index(parts), shelf, clock)
    asked = question(EVIL, platforms=(Platform("linux", "s390x"),))

    with pytest.raises(NotFoundError) as caught:
        await watched.inspect(asked)
    assert "arm64" not in str(caught.value)


async def test_a_restart_opens_nothing(shelf: Shelf, clock: Clock) -> None:
    """Nor do facts of an earlier run, which are kept by digest alone."""
    before = await pointed_at(tiny("secret"), shelf, clock)
    with pytest.raises(NotFoundError):
        await before.inspect(question(EVIL))
    facts = (await before.inspect(question(APP))).images[0]
    after = inspector(shelf, clock)
    after.reader.remember(facts, CONFIG)
    after.restore(from_json(to_json(before.memory())))

    assert after.cached(question(EVIL)) is None
    assert after.cached(question(APP)) is not None


async def test_a_copy_proves_itself_by_its_manifest(shelf: Shelf, clock: Clock) -> None:
    """A mirror's copy of an image that another process knows costs its manifest and no more."""
    copy = "mirror.test/team/app:1"
    for name in (APP, copy):
        shelf.put(name, tiny("app"))
    known = (await inspector(shelf, clock).inspect(question(APP))).images[0]
    watched = inspector(shelf, clock)
    watched.reader.remember(known, CONFIG)
    shelf.count()

    found = await watched.inspect(question(copy))

    assert found.images == (known,)
    assert shelf.count() == {"document": 1}


@pytest.mark.parametrize("turns", range(20))
async def test_whoever_comes_as_it_lands(shelf: Shelf, watched: Inspector, turns: int) -> None:
    """A manifest is asked for once, at whatever turn of the loop another asks for its image."""
    digest = shelf.put(APP, tiny("app"))
    name = f"{APP.partition(':')[0]}@{digest}"

    async def late() -> Inspection:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await watched.inspect(question(name))

    first, second = await asyncio.gather(watched.inspect(question(name)), late())

    assert first == second
    assert shelf.count() == {"document": 1, "config": 1}


async def test_an_index_whose_images_another_process_knows(shelf: Shelf, clock: Clock) -> None:
    """Each of its manifests is shown once, and their configs are left alone."""
    shelf.put(APP, images.index([tiny(str(one), platform=one) for one in (AMD64, ARM64)]))
    asked = question(platforms=(AMD64, ARM64))
    first = await inspector(shelf, clock).inspect(asked)
    watched = inspector(shelf, clock)
    for facts in first.images:
        watched.reader.remember(facts, CONFIG)
    shelf.count()

    assert await watched.inspect(asked) == first
    assert shelf.count() == {"document": 3}


async def test_facts_that_came_to_more(shelf: Shelf, clock: Clock, watched: Inspector) -> None:
    """Fuller facts of another process take the place of those at hand, never the other way."""
    shelf.put(APP, tiny("app"))
    full = (await inspector(shelf, clock).inspect(question(wants=EVERYTHING))).images[0]
    bare = (await watched.inspect(question(wants=Wants()))).images[0]
    assert watched.reader.known(full.digest or images.digest_of(b""), Wants()) == bare
    shelf.count()

    watched.reader.remember(full, coverage(full))
    watched.reader.remember(bare, coverage(bare))

    assert (coverage(bare), coverage(full)) == (Wants(), EVERYTHING)
    assert (await watched.inspect(question(wants=EVERYTHING))).images == (full,)
    assert shelf.count() == {}


async def test_a_claim_that_is_not_looked_up(shelf: Shelf, clock: Clock) -> None:
    """Where settings say so, a claim stays a claim and its registry is left alone."""
    shelf.put(BASE, images.image([ROOT]))
    shelf.put(APP, claiming(BASE))
    silent = Inspector(shelf, InspectorSettings(claims=False), clock=clock)

    assert (await facts_of(silent)).base.evidence is Evidence.CLAIMED
    assert shelf.count() == {"document": 1, "config": 1}


async def test_a_base_that_is_not_there_settles_its_claim(shelf: Shelf, clock: Clock) -> None:
    """Nobody looks for it again on account of this image."""
    shelf.put(APP, claiming(BASE))
    watched = inspector(shelf, clock, tag_seconds=1e6)
    await facts_of(watched)
    clock.now += 1e5

    assert watched.cached(question()) is not None


async def test_a_claim_on_a_registry_that_is_down(shelf: Shelf, clock: Clock) -> None:
    """The claim is looked at again later, by whoever asks, who does not wait for it."""
    shelf.put(BASE, images.image([ROOT]))
    shelf.put(APP, claiming(BASE))
    shelf.faults["base.test"] = UnavailableError("down")
    watched = inspector(shelf, clock, tag_seconds=1e6)
    assert (await facts_of(watched)).base.evidence is Evidence.CLAIMED
    clock.now += 59
    assert watched.cached(question()) is not None
    shelf.count()

    clock.now += 2
    assert watched.cached(question()) is None
    door = shelf.doors["base.test"] = Door()
    first = await facts_of(watched)
    await door.knocked.wait()
    shelf.faults.clear()
    again = await facts_of(watched)
    await settled(lambda: open_(door))

    assert [one.base.evidence for one in (first, again)] == [Evidence.CLAIMED] * 2
    assert (await facts_of(watched)).base.evidence is Evidence.PROVEN
    assert shelf.count() == {"document": 1, "config": 1}


async def test_a_look_that_fails_again_is_put_off(shelf: Shelf, clock: Clock) -> None:
    """While the base's registry stays down, one look a minute is all it gets."""
    shelf.put(APP, claiming(BASE))
    shelf.faults["base.test"] = UnavailableError("down")
    watched = inspector(shelf, clock, tag_seconds=1e6)
    await facts_of(watched)
    shelf.count()
    for _ in range(3):
        clock.now += 61
        for _ in range(4):
            await settled(lambda: facts_of(watched))

    assert shelf.count() == {"document": 3}


async def test_a_look_that_never_got_anywhere_is_put_off(shelf: Shelf, clock: Clock) -> None:
    """One look a minute is all that a registry gets that is down itself."""
    shelf.put(APP, claiming(BASE))
    facts = await facts_of(inspector(shelf, clock))
    watched = inspector(shelf, clock, tag_seconds=1e6)
    watched.reader.remember(replace(facts, base=Base(evidence=Evidence.CLAIMED)), CONFIG)
    await facts_of(watched)
    shelf.faults["document"] = UnavailableError("down")
    shelf.count()
    clock.now += 3601
    for _ in range(4):
        await settled(lambda: facts_of(watched))
    assert shelf.count() == {"document": 1}

    clock.now += 61
    await settled(lambda: facts_of(watched))
    assert shelf.count() == {"document": 1}


async def test_a_look_again_unlearns_nothing(shelf: Shelf, clock: Clock) -> None:
    """What was known of an image stays known while there is less to be had."""
    app = tiny("one", "two")
    shelf.put(APP, app)
    first, second = (layer.descriptor.digest for layer in app.layers)
    shelf.faults[second] = UnavailableError("down")
    watched = inspector(shelf, clock, tag_seconds=1e6, max_path_bytes=0)
    asked = question(wants=EVERYTHING)
    known = await watched.inspect(asked)
    for number in range(2):
        other = f"{REGISTRY}/team/other:{number}"
        shelf.put(other, tiny(other))
        await watched.inspect(question(other, EVERYTHING))
    shelf.faults[first] = UnavailableError("down as well")

    clock.now += 61
    await settled(lambda: watched.inspect(asked))
    shelf.count()
    assert await watched.inspect(asked) == known
    shelf.faults.clear()
    clock.now += 61
    await settled(lambda: watched.inspect(asked))

    assert (await watched.inspect(asked)).images[0].unpacked.bytes is not None
    assert shelf.count() == {"layer": 2}


async def test_a_claim_that_one_may_not_look_up(shelf: Shelf, clock: Clock) -> None:
    """Another may, so it is looked at again after an hour, with that one's credentials."""
    alice = identity("alice")
    shelf.put(BASE, images.image([ROOT]))
    shelf.keys["base.test/golden/base"] = {alice}
    shelf.put(APP, claiming(BASE))
    watched = inspector(shelf, clock, tag_seconds=1e6)
    assert (await facts_of(watched)).base.evidence is Evidence.CLAIMED

    clock.now += 3601
    await settled(lambda: watched.inspect(question(by=alice)))

    assert (await facts_of(watched)).base.evidence is Evidence.PROVEN


async def test_claims_hold_no_image_for_long(shelf: Shelf, clock: Clock) -> None:
    """Several claims on silent registries together take no longer than one may."""
    shelf.put(APP, claiming(BASE, "other.test/base:1"))
    for registry in ("base.test", "other.test"):
        shelf.doors[registry] = Door()
    watched = inspector(shelf, clock, claim_seconds=0.3)
    started = time.monotonic()

    facts = await facts_of(watched)

    assert 0.3 <= time.monotonic() - started < 0.59
    assert facts.base.evidence is Evidence.CLAIMED
    await watched.close()


async def test_facts_that_were_kept_do_not_say_why(shelf: Shelf, clock: Clock) -> None:
    """An earlier run's claim or unknown layer is looked at again after an hour."""
    shelf.put(APP, claiming(BASE))
    shelf.faults["base.test"] = UnavailableError("down")
    before = inspector(shelf, clock)
    facts = await facts_of(before)
    after = inspector(shelf, clock, tag_seconds=1e6)
    after.restore(before.memory())
    after.reader.remember(facts, coverage(facts))
    assert after.cached(question()) is not None
    shelf.faults.clear()
    shelf.put(BASE, images.image([ROOT]))

    clock.now += 3601
    await settled(lambda: after.inspect(question()))

    assert (await facts_of(after)).base.evidence is Evidence.PROVEN
    known = after.reader.known(shelf.put(APP, claiming(BASE)), CONFIG)
    assert isinstance(known, ImageFacts)
    assert known.base.evidence is Evidence.PROVEN


async def test_memory_is_bounded(shelf: Shelf, clock: Clock) -> None:
    """Facts that were not used for longest go first, and are read again when asked for."""
    watched = inspector(shelf, clock, max_entries=2)
    names = [f"{REGISTRY}/team/app:{number}" for number in range(3)]
    for name in names:
        shelf.put(name, tiny(name))
        await watched.inspect(question(name, Wants()))
    shelf.count()

    digest = shelf.put(names[0], tiny(names[0]))
    assert watched.reader.known(digest, Wants()) is None
    await watched.inspect(question(names[0], CONFIG))

    assert shelf.count()["config"] == 1


async def test_one_asker_without_a_right_spoils_it_for_nobody(shelf: Shelf, clock: Clock) -> None:
    """Two that ask at the same time each stand on their own credentials."""
    alice, eve = identity("alice"), identity("eve")
    shelf.put(APP, tiny("app"))
    shelf.keys[question().reference.name] = {alice}
    watched = inspector(shelf, clock)

    found = await asyncio.gather(
        *(watched.inspect(question(by=by)) for by in (eve, alice)), return_exceptions=True
    )

    assert isinstance(found[0], UnauthorizedError)
    assert not isinstance(found[1], BaseException)


async def open_(door: Door) -> None:
    """Open a door."""
    door.opened.set()
