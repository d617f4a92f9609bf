"""How long to wait before the next try: doubling, capped, and jittered so that replicas spread."""

import random
from collections.abc import Callable
from dataclasses import dataclass

Jitter = Callable[[], float]
"""A random number from 0 up to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds from `first` up to `cap`; `jitter` takes away up to half of each."""

    first: float = 0.5
    cap: float = 30.0
    jitter: Jitter = random.random

    def delay(self, failures: int) -> float:
        """Tell how long to wait after so many failures in a row, the first being 1."""
        whole = min(self.cap, self.first * 2.0 ** min(failures - 1, 32))
        return whole * (1 - self.jitter() / 2)


@dataclass(slots=True, kw_only=True)
class Contest:
    """Waits longer each time that somebody has undone what was written."""

    pace: Pace
    _writes: int = 0

    def rest(self, *, wrote: bool) -> float:
        """Tell how long to rest after a look, by whether it had to write."""
        self._writes = self._writes + 1 if wrote else 0
        return self.pace.delay(max(1, self._writes - 1))
