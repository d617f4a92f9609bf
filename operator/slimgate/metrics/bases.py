"""Shows whether the bases of BaseImages are known."""

from collections.abc import Iterator
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class BaseLookups(Protocol):
    """Looks bases up; engine.base_keeper does."""

    @property
    def unresolved(self) -> int:
        """How many references are not known."""


class BaseCollector(Collector):
    """What is not known at the time of the scrape."""

    def __init__(self, bases: BaseLookups) -> None:
        self._bases = bases

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask for it."""
        yield GaugeMetricFamily(
            "slimgate_unresolved_base_references",
            "References of BaseImages that could not be looked up, so that verdicts which depend "
            "on them are unknown.",
            value=self._bases.unresolved,
        )
