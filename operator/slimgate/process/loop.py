"""Whether the event loop gives its tasks their turns in time, and how long work makes way."""

import asyncio
import selectors
import time
from collections.abc import Callable
from typing import Final

_PERIOD: Final = 0.5
"""Often enough that a loop that blocks is seen, and seldom enough to cost nothing."""
_SLICE: Final = 0.005
"""What is new takes a dozen turns of the loop from the API server to a worker."""


class LoopTurns:
    """How long the event loop's turns take; the longest since `take` was asked before."""

    def __init__(self) -> None:
        self._longest = 0.0

    def took(self, seconds: float) -> None:
        """Hear of a turn."""
        self._longest = max(self._longest, seconds)

    def take(self) -> float:
        """Return the longest, and begin anew."""
        longest, self._longest = self._longest, 0.0
        return longest


class WatchedLoop(asyncio.SelectorEventLoop):
    """The usual loop, of which each turn is timed: from what it has waited for to waiting again."""

    def __init__(self) -> None:
        self.turns = LoopTurns()
        super().__init__(_TimedSelector(self.turns))


class _TimedSelector(selectors.DefaultSelector):
    def __init__(self, turns: LoopTurns) -> None:
        super().__init__()
        self._turns = turns
        self._since: float | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._since is not None:
            self._turns.took(time.monotonic() - self._since)
        found = super().select(timeout)
        self._since = time.monotonic()
        return found


async def watch_loop(
    delayed: Callable[[float], None],
    held: Callable[[float], None] = lambda _: None,
    period: float = _PERIOD,
) -> None:
    """Sleep time and again, and say by how many seconds each sleep was too long.

    `held` hears how long the longest turn took meanwhile, where the loop is a watched one.
    """
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + period
        await asyncio.sleep(period)
        delayed(max(0.0, loop.time() - due))
        if isinstance(loop, WatchedLoop):
            held(loop.turns.take())


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
