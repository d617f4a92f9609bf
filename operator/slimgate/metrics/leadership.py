"""Shows whether this controller is the one that works."""

from collections.abc import Iterator
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class Leads(Protocol):
    """Knows it; cluster.lease does."""

    @property
    def leads(self) -> bool:
        """Whether it may write now."""


class LeadershipCollector(Collector):
    """Whether it leads at the time of the scrape."""

    def __init__(self, leadership: Leads) -> None:
        self._leadership = leadership

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask for it."""
        yield GaugeMetricFamily(
            "slimgate_leader",
            "1 in the controller that leads, which alone judges what runs and writes; 0 in those "
            "that stand by, and where a Lease could not be renewed in time.",
            value=int(self._leadership.leads),
        )
