"""Does the same for many things, some at a time: how many there are is for strangers to choose."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def some_at_a_time(
    act: Callable[[T], Awaitable[R]], things: Sequence[T], at_once: int
) -> list[R]:
    """Give what came of each, in their order, as asyncio.gather does with a task for each."""
    found: dict[int, R] = {}
    left = iter(enumerate(things))

    async def work() -> None:
        for number, thing in left:
            found[number] = await act(thing)

    await asyncio.gather(*(work() for _ in range(min(at_once, len(things)))))
    return [found[number] for number in range(len(things))]
