"""Many things, some at a time."""

import asyncio

import pytest

from slimgate.engine.some import some_at_a_time


@pytest.mark.parametrize("count", [0, 1, 3, 20])
async def test_some_are_under_way(count: int) -> None:
    """No more than that many are, all are done, and what came of each stands in its place."""
    under_way, most = 0, 0

    async def act(number: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.001 * (number % 3))
        under_way -= 1
        return number * number

    assert await some_at_a_time(act, range(count), 4) == [number**2 for number in range(count)]
    assert most == min(count, 4)


async def test_a_failure_is_raised() -> None:
    """The first of them is whoever asked's, as with gather."""

    async def act(number: int) -> None:
        if number == 5:
            raise ValueError(number)

    with pytest.raises(ValueError, match="5"):
        await some_at_a_time(act, range(9), 2)
