"""Shows the process itself: its version, its memory, and whether it gets its turns."""

import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector

_MINUTE: Final = 60.0
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class ProcessMetrics:
    """What every process has."""

    def __init__(
        self,
        registry: CollectorRegistry,
        role: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        ProcessCollector(registry=registry)
        build = Gauge(
            "slimgate_build_info",
            "Always 1; the labels hold the version and the role of this process.",
            ["version", "role"],
            registry=registry,
        )
        build.labels(version("slimgate"), role).set(1)
        self._delay = Histogram(
            "slimgate_event_loop_delay_seconds",
            "How late a sleeping task woke. While this is high, everything else is late, too.",
            buckets=_SECONDS,
            registry=registry,
        )

        longest = Gauge(
            "slimgate_event_loop_longest_turn_seconds",
            "How long the longest turn of the event loop took in the last minute or two. Nothing "
            "else was done in it.",
            registry=registry,
        )
        longest.set_function(self._longest)
        self._clock = clock
        self._turns: dict[int, float] = {}

    def loop_held(self, seconds: float) -> None:
        """Hear how long a turn of the event loop took."""
        now = int(self._clock() // _MINUTE)
        longest = max(seconds, self._turns.get(now, 0.0))
        self._turns = {now - 1: self._turns.get(now - 1, 0.0), now: longest}

    def _longest(self) -> float:
        now = int(self._clock() // _MINUTE)
        return max(self._turns.get(minute, 0.0) for minute in (now - 1, now))

    def loop_delayed(self, seconds: float) -> None:
        """Hear how much too late a task woke."""
        self._delay.observe(seconds)
