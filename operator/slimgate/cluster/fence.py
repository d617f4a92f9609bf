"""Lets writes to the cluster through while this process leads, and cuts off those that are late.

It opens for a time and must be opened again before that is over: nothing has to happen for it to
close, so that a process which was stopped, or whose machine slept, writes nothing when it wakes up.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from slimgate.cluster.errors import UnreachableError

_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def steady() -> float:
    """Tell the time by a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(_CLOCK)


class FencedError(UnreachableError):
    """Another controller may lead by now, so that this one must not write."""


class Fence:
    """Closed at first."""

    def __init__(self, clock: Callable[[], float] = steady) -> None:
        self._clock = clock
        self._until = -math.inf
        self._passing: set[asyncio.Timeout] = set()

    @property
    def is_open(self) -> bool:
        """Whether writes are let through now."""
        return self._clock() < self._until

    def open(self, until: float) -> None:
        """Let writes through up to a time by the fence's clock, and no longer."""
        self._until = until
        for timeout in self._passing:
            if not timeout.expired():
                timeout.reschedule(self._by_loop())

    def close(self) -> None:
        """Let nothing through any more, and end what is on its way."""
        self.open(-math.inf)

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Write in this context; FencedError if that may not be, or no longer."""
        if not self.is_open:
            raise FencedError(
                "nothing is written: this controller does not lead, or could not renew its Lease"
            )
        timeout = asyncio.timeout_at(self._by_loop())
        try:
            async with timeout:
                self._passing.add(timeout)
                try:
                    yield
                finally:
                    self._passing.discard(timeout)
        except TimeoutError as error:
            if not timeout.expired():
                raise
            raise FencedError("a write was cut off: the Lease could not be renewed") from error

    def _by_loop(self) -> float:
        loop = asyncio.get_running_loop()
        return loop.time() + max(0.0, self._until - self._clock())
