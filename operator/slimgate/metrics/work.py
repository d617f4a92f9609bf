"""Shows what the controller has to do, and how long it takes.

Implements controller.ports.WorkObserver without importing it.
"""

from collections.abc import Iterator
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_WAIT_SECONDS: Final = (0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)
_JUDGE_SECONDS: Final = (0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Up to the deadline of a verdict, a minute, and beyond it."""
_RECONCILE_SECONDS: Final = (*_JUDGE_SECONDS, 300.0)
_RESULTS: Final = ("success", "error")


class Queue(Protocol):
    """The controller's queue."""

    @property
    def waiting(self) -> int:
        """How many workloads wait."""

    @property
    def active(self) -> int:
        """How many are being worked on."""


class WorkMetrics:
    """Times of the controller's work."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._wait = Histogram(
            "slimgate_queue_wait_duration_seconds",
            "Time that a workload waited in the controller's queue.",
            buckets=_WAIT_SECONDS,
            registry=registry,
        )
        self._judge = Histogram(
            "slimgate_judge_duration_seconds",
            "Time that the controller took to reach a verdict on a workload, including look-ups.",
            buckets=_JUDGE_SECONDS,
            registry=registry,
        )
        self._reconcile = Histogram(
            "slimgate_reconcile_duration_seconds",
            "Time that the controller took to judge a workload and record the verdict.",
            ["result"],
            buckets=_RECONCILE_SECONDS,
            registry=registry,
        )
        for result in _RESULTS:
            self._reconcile.labels(result)

    def waited(self, seconds: float) -> None:
        """Hear how long a workload waited."""
        self._wait.observe(seconds)

    def reached_verdict(self, seconds: float) -> None:
        """Hear how long it took to judge one."""
        self._judge.observe(seconds)

    def reconciled(self, seconds: float, *, failed: bool) -> None:
        """Hear how long all of the work on one took."""
        self._reconcile.labels("error" if failed else "success").observe(seconds)


class QueueCollector(Collector):
    """The queue at the time of the scrape."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Look at it."""
        family = GaugeMetricFamily(
            "slimgate_queue_workloads",
            "Workloads in the controller's queue, waiting or being worked on.",
            labels=["state"],
        )
        family.add_metric(["waiting"], self._queue.waiting)
        family.add_metric(["active"], self._queue.active)
        yield family
