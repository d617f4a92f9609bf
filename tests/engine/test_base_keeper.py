"""Bases are looked up again and again, and workloads judged anew only when that tells something."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import count

import pytest

from slimgate.core.errors import UnauthorizedError, UnavailableError
from slimgate.engine.base_keeper import BaseKeeper
from tests.controller.fakes import World
from tests.engine.cluster import base_image, node, policy, workload
from tests.engine.shelf import APP, until
from tests.support import images

GOLDEN = "base.test/golden/go:1"


class Place:
    """A cluster of three workloads under a policy on bases, and a BaseImage that can't be found."""

    def __init__(self, seconds: float = 0.01) -> None:
        self.world = World(drift_seconds=3600)
        self.shelf = self.world.shelf
        self.shelf.faults["base.test"] = UnavailableError("down")
        self.world.catalog.put_policy(policy(bases={"allow": ["base.test/**"]}))
        self.world.catalog.put_base_image(base_image(GOLDEN))
        bases = self.world.inspector.bases
        self.keeper = BaseKeeper(
            bases, self.world.catalog, tag_seconds=seconds, failure_seconds=seconds
        )
        self.told = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Judge all workloads for the first time, and go on as the controller does."""
        async with self.world.running():
            keeping = asyncio.create_task(self.keeper.run(self._news))
            await self.keeper.settled.wait()
            for number in range(3):
                self.world.show(workload(APP, name=f"w{number}"))
            await self.world.quiet()
            self.judged()
            yield
            keeping.cancel()

    def judged(self) -> int:
        """Count what was judged since this was last asked."""
        return len(self.world.recorder.of("report"))

    async def refreshes(self, number: int) -> None:
        """Wait until that many more look-ups have come to a registry, each with another text."""
        numbers = count()
        for _ in range(number):
            self.shelf.faults["base.test"] = UnavailableError(f"down for {next(numbers)} s")
            self.world.clock.now += 400
            self.shelf.asked.clear()
            await until(lambda: any("golden" in name for _, name in self.shelf.asked))
        await asyncio.sleep(0.02)
        await self.world.quiet()

    def _news(self) -> None:
        self.told += 1
        self.world.reconciler.judge_all()


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    """Make a place where everything runs."""
    place = Place()
    async with place.running():
        yield place


async def test_a_base_that_can_not_be_found_has_nothing_judged_anew(place: Place) -> None:
    """However often it is looked up, and whatever its registry says each time."""
    told = place.told

    await place.refreshes(8)

    assert (place.judged(), place.told) == (0, told)


async def test_a_base_that_is_found_has_all_judged_anew(place: Place) -> None:
    """Once each, as for an error of another kind."""
    place.shelf.faults["base.test"] = UnauthorizedError("not yours")
    place.world.clock.now += 400
    await until(lambda: place.told == 2)
    await place.world.quiet()
    refused = place.judged()

    place.shelf.faults.clear()
    place.shelf.put(GOLDEN, images.image([images.layer({"etc/golden": b"golden"})]))
    place.world.clock.now += 400
    await until(lambda: place.told == 3)
    await place.world.quiet()

    assert (refused, place.judged()) == (3, 3)


async def test_new_platforms_and_base_images_are_looked_up_at_once() -> None:
    """Nobody waits for the next round."""
    place = Place(seconds=3600)
    catalog = place.world.catalog
    async with place.running():
        for act in (
            partial(catalog.put_node, node("n1", "arm64")),
            partial(catalog.put_base_image, base_image("base.test/golden/java:1", name="java")),
        ):
            place.shelf.asked.clear()
            place.world.clock.now += 400
            act()
            await until(lambda: any("golden" in name for _, name in place.shelf.asked))
