"""Keeps collections of garbage from holding the event loop.

A full one goes through all that there is while every thread waits: 90 ms with 4,000 workloads and
1,000 nodes, and a seventh of all CPU time of a start.
https://docs.python.org/3/library/gc.html#gc.freeze
"""

import gc
import time
from collections.abc import Callable, Mapping
from typing import Final

_FULL: Final = 2
_SLOW_SECONDS: Final = 0.02
_TIMES: Final = 100
"""What is garbage later, in a circle, and was kept out before, stays: so not without an end."""


class Heap:
    """Keeps out of later collections what has outlived one that was slow: almost all of it stays.

    It is one of the collector's callbacks (https://docs.python.org/3/library/gc.html#gc.callbacks).
    """

    def __init__(
        self,
        freeze: Callable[[], None] = gc.freeze,
        *,
        slow_seconds: float = _SLOW_SECONDS,
        times: int = _TIMES,
        clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._freeze = freeze
        self._slow = slow_seconds
        self._left = times
        self._clock = clock
        self._since = 0.0

    def watch(self) -> None:
        """Hear of all collections from now on."""
        gc.callbacks.append(self)

    def __call__(self, phase: str, info: Mapping[str, int]) -> None:
        """Hear that a collection starts or stops."""
        if info["generation"] != _FULL:
            return
        if phase == "start":
            self._since = self._clock()
        elif self._left and self._clock() - self._since >= self._slow:
            self._left -= 1
            self._freeze()
