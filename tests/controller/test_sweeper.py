"""What is forgotten once a kind is listed anew, and what never is."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from slimgate.controller.sweeper import Sweeper
from slimgate.core.errors import ClusterError
from slimgate.core.workloads.kinds import BUILT_IN, Kind
from slimgate.core.workloads.workload import Workload
from tests.controller.fakes import DEPLOYMENT, World, key_of, observed
from tests.engine.cluster import workload
from tests.engine.shelf import APP, Door, until

(JOB,) = (one for one in BUILT_IN if one.kind == "Job")
WEB, API = workload(APP), workload(APP, name="api")
AGAIN = replace(WEB, uid="another")
BATCH = replace(workload(APP, name="batch"), kind="Job")
Page = frozenset[str] | Exception


@dataclass
class Census:
    """Answers with pages, of which one may be missing; `doors` are waited for between them."""

    pages: dict[Kind, list[Page]] = field(default_factory=dict)
    doors: list[Door] = field(default_factory=list)
    asked: list[Kind] = field(default_factory=list)

    async def uids(self, kind: Kind) -> AsyncIterator[frozenset[str]]:
        """Yield the pages."""
        self.asked.append(kind)
        for page in self.pages.get(kind, []):
            if isinstance(page, Exception):
                raise page
            yield page
            for door in self.doors:
                await door.enter()


class Place:
    """A world, and a sweeper of it that does not wait."""

    def __init__(self) -> None:
        self.world = World()
        self.census = Census()
        self.sweeper = Sweeper(
            reconciler=self.world.reconciler,
            ledger=self.world.ledger,
            census=self.census,
            seconds=0.0,
        )

    def show(self, *workloads: Workload) -> None:
        """Let workloads be known."""
        for one in workloads:
            self.world.show(one)

    @property
    def left(self) -> set[str]:
        """The uids that are known."""
        ledger = self.world.ledger
        return {one.observed.workload.uid for key in ledger if (one := ledger.get(key)) is not None}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let the sweeper work."""
        task = asyncio.create_task(self.sweeper.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()


@pytest.fixture
def place() -> Place:
    """Make a place."""
    return Place()


LISTINGS: list[tuple[list[Page], set[str]]] = [
    ([frozenset({"web", "api", "stranger"})], {"web", "api", "batch"}),
    ([frozenset({"stranger"}), frozenset(), frozenset({"web"})], {"web", "batch"}),
    ([frozenset()], {"batch"}),
]


@pytest.mark.parametrize(("pages", "left"), LISTINGS)
async def test_what_a_whole_listing_lacks_is_forgotten(
    place: Place, pages: list[Page], left: set[str]
) -> None:
    """Whatever page it might have been on; other kinds are not asked for, nor touched."""
    place.show(WEB, API, BATCH)
    place.census.pages = {DEPLOYMENT: pages}

    place.sweeper.listed(DEPLOYMENT)
    await place.sweeper.sweep()

    assert place.left == left
    assert place.census.asked == [DEPLOYMENT]
    assert place.world.reconciler.changed.is_set() is (left != {"web", "api", "batch"})


async def test_the_first_listing_costs_nothing(place: Place) -> None:
    """Of a kind of which nothing is known there is nothing to forget."""
    place.show(BATCH)

    place.sweeper.listed(DEPLOYMENT)
    await place.sweeper.sweep()

    assert place.census.asked == []


def show_new(place: Place) -> None:
    """Make a workload."""
    place.show(API)


def show_again(place: Place) -> None:
    """Make a workload under the name of one that is gone."""
    place.show(AGAIN)


def drop(place: Place) -> None:
    """Hear of a deletion after all."""
    place.world.reconciler.drop(key_of(WEB))


MEANWHILE: list[tuple[Callable[[Place], None], set[str]]] = [
    (show_new, {"api"}),
    (show_again, {"another"}),
    (drop, set()),
]


@pytest.mark.parametrize(("act", "left"), MEANWHILE)
async def test_what_comes_during_the_listing_stays(
    place: Place, act: Callable[[Place], None], left: set[str]
) -> None:
    """A listing that began before speaks of none of it."""
    door = Door()
    place.census.doors, place.census.pages = [door], {DEPLOYMENT: [frozenset()]}
    place.show(WEB)
    place.sweeper.listed(DEPLOYMENT)

    sweep = asyncio.create_task(place.sweeper.sweep())
    await door.knocked.wait()
    act(place)
    door.opened.set()
    await sweep

    assert place.left == left


async def test_a_name_that_was_made_anew_unheard_of(place: Place) -> None:
    """What is known under it is gone; the new one is heard of in its turn."""
    place.show(WEB)
    place.census.pages = {DEPLOYMENT: [frozenset({"another"})]}

    place.sweeper.listed(DEPLOYMENT)
    await place.sweeper.sweep()
    before = place.left
    place.show(AGAIN)

    assert before == set()
    assert place.left == {"another"}


async def test_a_listing_that_breaks_off_is_no_listing(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is forgotten by it; it is tried again, and told of once."""
    place.show(WEB, API, BATCH)
    broken: list[Page] = [frozenset({"api"}), ClusterError("it is away")]
    place.census.pages = {DEPLOYMENT: broken, JOB: [frozenset()]}
    with caplog.at_level(logging.INFO):
        async with place.running():
            place.sweeper.listed(DEPLOYMENT)
            place.sweeper.listed(JOB)
            await until(lambda: place.census.asked.count(DEPLOYMENT) > 2)
            meanwhile = place.left
            place.census.pages[DEPLOYMENT] = [frozenset({"api"})]
            await until(lambda: place.left == {"api"})
            asked = len(place.census.asked)
            await asyncio.sleep(0)

    assert meanwhile == {"web", "api"}
    assert len(place.census.asked) == asked
    assert [record.getMessage() for record in caplog.records] == [
        "can't check yet which workloads are gone: it is away",
        "forgot workloads that were deleted while nobody watched: Job 1",
        "forgot workloads that were deleted while nobody watched: Deployment 1",
    ]


async def test_listings_at_the_same_time_make_one_line(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """It says how many of which kind; where nothing is gone nothing is said."""
    place.show(WEB, API, BATCH)
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            place.sweeper.listed(DEPLOYMENT)
            place.sweeper.listed(JOB)
            place.census.pages = {DEPLOYMENT: [frozenset()], JOB: [frozenset({"batch"})]}
            await place.sweeper.sweep()

    assert [record.getMessage() for record in caplog.records] == [
        "forgot workloads that were deleted while nobody watched: Deployment 2"
    ]


async def test_a_listing_that_begins_during_a_sweep_has_its_own(place: Place) -> None:
    """What was deleted since then is not in the sweep that is under way."""
    door = Door()
    place.census.doors, place.census.pages = [door], {DEPLOYMENT: [frozenset({"web"})]}
    place.show(WEB)
    async with place.running():
        place.sweeper.listed(DEPLOYMENT)
        await door.knocked.wait()
        place.census.pages[DEPLOYMENT] = [frozenset()]
        place.sweeper.listed(DEPLOYMENT)
        door.opened.set()
        await until(lambda: place.left == set())

    assert place.census.asked == [DEPLOYMENT] * 2


async def test_what_is_forgotten_is_not_judged_again(place: Place) -> None:
    """It is due no more."""
    place.census.pages = {DEPLOYMENT: [frozenset()]}
    async with place.world.running():
        place.world.reconciler.observe(key_of(WEB), observed(WEB))
        await until(lambda: key_of(WEB) in place.world.reconciler.schedule)
        place.sweeper.listed(DEPLOYMENT)
        await place.sweeper.sweep()

    assert key_of(WEB) not in place.world.reconciler.schedule
