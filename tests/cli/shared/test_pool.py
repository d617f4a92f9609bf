"""Look-ups of commands: so many at the same time, each with its own time."""

import asyncio

import pytest

from slimgate.cli.shared.pool import LookupPool
from slimgate.cli.shared.progress import SilentBoard
from slimgate.core.errors import UnavailableError


async def test_so_many_at_the_same_time() -> None:
    """The seventeenth waits until one has ended."""
    pool, done, under_way = LookupPool(SilentBoard()), asyncio.Event(), 0

    async def look() -> None:
        nonlocal under_way
        async with pool.take("x"):
            under_way += 1
            await done.wait()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(17):
            tasks.create_task(look())
        await asyncio.sleep(0.01)
        at_once = under_way
        done.set()

    assert (at_once, under_way) == (16, 17)


async def test_each_has_its_own_time() -> None:
    """It begins when there is room, and its end is an error that names the option."""
    pool = LookupPool(SilentBoard(), seconds=0.05)
    with pytest.raises(UnavailableError, match=r"longer than .* which --timeout allows"):
        async with pool.take("slow"):
            await asyncio.Event().wait()
    async with pool.take("quick"):
        await asyncio.sleep(0)
