"""Reads metrics back, as tests of metrics want them."""

import math
from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

Labels = tuple[tuple[str, str], ...]


class Page:
    """What was collected once, of which several metrics are read."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = [*families]

    def collect(self) -> Iterable[Metric]:
        """Give it again."""
        return self._families


def series(registry: CollectorRegistry | Page, name: str) -> dict[Labels, float]:
    """Return a metric's series by their labels, in order of the labels' names."""
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == name
    }


def by(registry: CollectorRegistry | Page, name: str) -> dict[tuple[str, ...], float]:
    """Return a metric's series by the values of their labels alone."""
    found = series(registry, name)
    return {tuple(value for _, value in labels): number for labels, number in found.items()}


def bounds(registry: CollectorRegistry, name: str) -> frozenset[float]:
    """Return the upper bounds of a histogram's buckets, but for the last, which is infinite."""
    found = {float(dict(labels)["le"]) for labels in series(registry, f"{name}_bucket")}
    return frozenset(found - {math.inf})
