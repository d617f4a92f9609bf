"""Tells several of the same changes, so that none who is busy misses one."""

import asyncio
from contextlib import suppress


class Changed(asyncio.Event):
    """An event with others beside it, which are set with it and cleared by whoever waits for them.

    Two who wait for one event would clear it before each other's eyes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._others: list[asyncio.Event] = []

    def another(self) -> asyncio.Event:
        """Make one more."""
        event = asyncio.Event()
        self._others.append(event)
        return event

    def set(self) -> None:
        """Wake all who wait."""
        super().set()
        for one in self._others:
            one.set()


async def heard(changed: asyncio.Event, seconds: float) -> None:
    """Wait for a change, but not for longer, and clear it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await changed.wait()
    changed.clear()
