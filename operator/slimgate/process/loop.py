"""Whether the event loop gives its tasks their turns in time, and how long work makes way."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

_PERIOD: Final = 0.5
"""Often enough that a loop that blocks is seen, and seldom enough to cost nothing."""
_SLICE: Final = 0.01


async def watch_loop(delayed: Callable[[float], None], period: float = _PERIOD) -> None:
    """Sleep time and again, and say by how many seconds each sleep was too long."""
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + period
        await asyncio.sleep(period)
        delayed(max(0.0, clock() - due))


class Breath:
    """Gives others their turn in long work, whenever some of it is done; several may share one.

    Time tells how much that is: what one thing takes differs from cluster to cluster.
    """

    def __init__(
        self, seconds: float = _SLICE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._since = clock()
        self._renewing = False

    async def take(self) -> None:
        """Go on at once, or once others have had their turn; to be called again and again."""
        while self._clock() - self._since >= self._seconds:
            if not self._renewing:
                self._renewing = True
                # What is ready now, all who share this among it, comes before.
                asyncio.get_running_loop().call_soon(self._renew)
            await asyncio.sleep(0)

    def _renew(self) -> None:
        self._renewing = False
        self._since = self._clock()
