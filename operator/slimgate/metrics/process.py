"""Shows the process itself: its version, its memory, and whether it gets its turns."""

from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class ProcessMetrics:
    """What every process has."""

    def __init__(self, registry: CollectorRegistry, role: str) -> None:
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

    def loop_delayed(self, seconds: float) -> None:
        """Hear how much too late a task woke."""
        self._delay.observe(seconds)
