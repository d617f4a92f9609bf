"""What looks at layers gave, and how much of it is kept."""

import asyncio

import pytest

from slimgate.core.errors import UnavailableError
from slimgate.core.images.facts import Digest, LayerContents, Size
from slimgate.engine.layer_cache import LayerCache, Place
from slimgate.engine.ports import LayerReading

PATH = 100
"""Bytes that each path below takes."""


class Looks:
    """Looks at layers of so many paths, and counts."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, paths: int) -> LayerReading:
        """Make a reading; a layer without paths was not listed."""
        self.count += 1
        await asyncio.sleep(0)
        names = frozenset(f"{number:036}" for number in range(paths))
        return LayerReading(
            unpacked=Size.measured(paths), contents=LayerContents(paths=names) if paths else None
        )


def place(number: int, registry: str = "registry.test") -> Place:
    """Name a layer."""
    return registry, Digest(f"sha256:{number:064x}")


async def kept(cache: LayerCache, looks: Looks, layers: dict[int, int]) -> list[int]:
    """Look at layers, by number, again, and tell which were kept; those are put in order first."""
    found = []
    for number, paths in layers.items():
        before = looks.count
        await cache.get(place(number), lambda paths=paths: looks(paths))  # type: ignore[misc]
        if looks.count == before:
            found.append(number)
    return found


async def test_a_layer_is_looked_at_once() -> None:
    """However many ask, now or later; what another registry holds is another layer."""
    cache, looks = LayerCache(100 * PATH, 100), Looks()
    await asyncio.gather(*(cache.get(place(1), lambda: looks(3)) for _ in range(10)))
    await cache.get(place(1), lambda: looks(3))
    assert looks.count == 1

    await cache.get(place(1, "elsewhere.test"), lambda: looks(3))
    assert looks.count == 2


@pytest.mark.parametrize("turns", range(6))
async def test_whoever_comes_as_it_lands(turns: int) -> None:
    """A layer is looked at once, at whatever turn of the loop another asks for it."""
    cache, looks = LayerCache(100 * PATH, 100), Looks()

    async def late() -> LayerReading:
        """Ask so many turns later."""
        for _ in range(turns):
            await asyncio.sleep(0)
        return await cache.get(place(1), lambda: looks(3))

    await asyncio.gather(cache.get(place(1), lambda: looks(3)), late())

    assert looks.count == 1


async def test_failures_are_not_kept() -> None:
    """Whoever asks after one looks anew."""
    cache, looks = LayerCache(100 * PATH, 100), Looks()

    async def fail() -> LayerReading:
        raise UnavailableError("down")

    with pytest.raises(UnavailableError):
        await cache.get(place(1), fail)
    await cache.get(place(1), lambda: looks(3))

    assert looks.count == 1


async def test_paths_are_bounded() -> None:
    """Listed layers go, longest unused first, once paths take too much; sizes alone stay."""
    cache, looks = LayerCache(10 * PATH, 100), Looks()
    await kept(cache, looks, {1: 4, 2: 0, 3: 4, 4: 0})
    await kept(cache, looks, {1: 4, 5: 4})

    assert await kept(cache, looks, {1: 4, 2: 0, 4: 0, 5: 4}) == [1, 2, 4, 5]
    assert await kept(cache, looks, {3: 4}) == []


async def test_one_layer_of_very_many_paths_stays() -> None:
    """It is what somebody waits for, even where nothing else fits beside it."""
    cache, looks = LayerCache(10 * PATH, 100), Looks()
    await kept(cache, looks, {1: 4, 2: 50})

    assert await kept(cache, looks, {2: 50}) == [2]
    assert await kept(cache, looks, {1: 4}) == []


async def test_paths_of_layers_that_went_are_not_counted() -> None:
    """The number of layers is bounded too, and what goes for that makes room for paths."""
    cache, looks = LayerCache(10 * PATH, 2), Looks()
    for number in range(20):
        await kept(cache, looks, {number: 4})

    assert await kept(cache, looks, {18: 4, 19: 4}) == [18, 19]
