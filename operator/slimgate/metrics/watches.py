"""Shows how closely slimgate follows the cluster."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class Following(Protocol):
    """Mirrors a kind of object; cluster.mirror does."""

    @property
    def resource(self) -> str:
        """What is followed."""

    @property
    def last_event(self) -> float:
        """When the API server was last heard of, in Unix time."""

    def __len__(self) -> int:
        """Count the objects."""


class WatchCollector(Collector):
    """All mirrors, by what they follow."""

    def __init__(self, mirrors: Iterable[Mapping[str, Following]]) -> None:
        self._mirrors = mirrors

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask each mirror."""
        heard = GaugeMetricFamily(
            "slimgate_watch_last_event_timestamp_seconds",
            "When the API server was last heard of in a watch, in Unix time. It sends something "
            "once a minute; after minutes of silence slimgate decides by an old state.",
            labels=["resource"],
        )
        objects = GaugeMetricFamily(
            "slimgate_watch_objects", "Objects that slimgate watches.", labels=["resource"]
        )
        for mirror in chain.from_iterable(some.values() for some in self._mirrors):
            heard.add_metric([mirror.resource], mirror.last_event)
            objects.add_metric([mirror.resource], len(mirror))
        yield heard
        yield objects
