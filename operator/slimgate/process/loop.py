"""Watches whether the event loop gives its tasks their turns in time."""

import asyncio
from collections.abc import Callable
from typing import Final

_PERIOD: Final = 0.5
"""Often enough that a loop that blocks is seen, and seldom enough to cost nothing."""


async def watch_loop(delayed: Callable[[float], None], period: float = _PERIOD) -> None:
    """Sleep time and again, and say by how many seconds each sleep was too long."""
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + period
        await asyncio.sleep(period)
        delayed(max(0.0, clock() - due))
