"""Facts are kept as long as somebody uses the image."""

import asyncio
from dataclasses import replace

import pytest

from slimgate.controller.profiles import Profiles
from slimgate.core.images.facts import Digest, ImageFacts
from tests.controller.fakes import Store
from tests.core.make import digest, image
from tests.engine.shelf import until
from tests.support.clock import Clock

A, B, C = (digest(number) for number in (1, 2, 3))


def facts(of: Digest, *layers: int) -> ImageFacts:
    """Make facts of a manifest."""
    return replace(image(*layers), digest=of)


class Archive:
    """Profiles over what is used and what is known."""

    def __init__(self) -> None:
        self.store, self.clock = Store(), Clock()
        self.used: set[Digest] = {A, B}
        self.others: dict[Digest, set[str]] = {}
        self.facts: dict[Digest, ImageFacts] = {one: facts(one, 1) for one in (A, B, C)}
        self.profiles = Profiles(
            store=self.store,
            used=(lambda: dict.fromkeys(self.used, ("shop:1.2",)), lambda: self.others),
            facts=self.facts.get,
            clock=self.clock,
        )

    async def kept(self, seconds: float = 0) -> set[Digest]:
        """Let time pass, reconcile, and tell what is kept."""
        self.clock.now += seconds
        await self.profiles.reconcile()
        return set(self.store.kept)


@pytest.fixture
def archive() -> Archive:
    """Make an archive that keeps nothing yet."""
    return Archive()


async def test_what_is_used_is_kept(archive: Archive) -> None:
    """As soon as its facts are known."""
    del archive.facts[B]
    assert await archive.kept() == {A}

    archive.facts[B] = facts(B, 2)
    assert await archive.kept() == {A, B}


@pytest.mark.parametrize("number", [10, 40])
async def test_only_what_changed_is_written_again(archive: Archive, number: int) -> None:
    """However many images are in use: facts that came to more, another name, one that is gone."""
    digests = [digest(one) for one in range(number)]
    archive.used = set(digests)
    archive.facts.update({one: facts(one, 1) for one in digests})
    await archive.kept()
    await archive.kept()
    first, second, third = digests[:3]
    archive.facts[first] = facts(first, 1, 2)
    archive.others = {second: {"web:1"}}
    del archive.store.kept[third]
    archive.store.asked.clear()
    await archive.kept()

    assert sorted(archive.store.asked) == sorted([first, second, third])
    assert archive.store.kept[first] == archive.facts[first]


async def test_a_profile_has_the_name_that_people_know(archive: Archive) -> None:
    """Of all names, wherever they come from; what only one source uses is kept as well."""
    archive.used = {A}
    archive.others = {A: {"web:1", f"shop@{B}"}, B: {f"shop@{B}"}}
    await archive.kept()

    assert archive.store.images == {A: "web:1", B: "shop"}


async def test_what_is_not_used_goes_after_a_while(archive: Archive) -> None:
    """A rollout that is undone finds the facts again; counting starts when nobody uses it."""
    await archive.kept()
    archive.used = {A}
    assert await archive.kept(1000) == {A, B}
    assert await archive.kept(599) == {A, B}
    assert await archive.kept(2) == {A}


async def test_use_in_between_starts_the_while_anew(archive: Archive) -> None:
    """An image that comes and goes is kept from its last use on."""
    await archive.kept()
    for used, seconds in (({A}, 500), ({A, B}, 500), ({A}, 500), ({A}, 500)):
        archive.used = used
        assert await archive.kept(seconds) == {A, B}


async def test_a_restart_drops_nothing_at_once(archive: Archive) -> None:
    """Before workloads have been seen, nothing is used, and that proves nothing."""
    archive.store.kept = {C: archive.facts[C]}
    archive.used = set()
    assert await archive.kept() == {C}

    archive.used = {C}
    assert await archive.kept(700) == {C}


async def test_one_that_is_not_taken_holds_up_no_other(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the writes nor the deletions of others; it is tried again each time."""
    archive.store.refused = {A}
    archive.store.kept = {C: archive.facts[C]}
    assert await archive.kept() == {B, C}
    archive.used = {B}
    archive.store.kept[A] = archive.facts[A]
    await archive.kept()
    assert await archive.kept(601) == {A, B}

    archive.store.refused = set()
    assert await archive.kept() == {B}
    assert "the API server does not take it" in caplog.text


async def test_a_profile_that_somebody_deletes_comes_back(archive: Archive) -> None:
    """While the image is used; one that nobody uses is not counted any more."""
    await archive.kept()
    archive.used = {A}
    await archive.kept(500)
    archive.store.kept.clear()
    assert await archive.kept() == {A}

    archive.store.kept[B] = archive.facts[B]
    assert await archive.kept(500) == {A, B}


async def test_it_goes_on_until_it_is_cancelled(archive: Archive) -> None:
    """A store that refuses everything does not end it."""
    archive.store.refused = {A, B}
    running = asyncio.create_task(archive.profiles.run())
    await until(lambda: set(archive.store.asked) == {A, B})

    assert not running.done()
    running.cancel()
