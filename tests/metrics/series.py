"""Reads metrics back, as tests of metrics want them."""

from prometheus_client import CollectorRegistry

Labels = tuple[tuple[str, str], ...]


def series(registry: CollectorRegistry, name: str) -> dict[Labels, float]:
    """Return a metric's series by their labels, in order of the labels' names."""
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == name
    }


def by(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    """Return a metric's series by the values of their labels alone."""
    found = series(registry, name)
    return {tuple(value for _, value in labels): number for labels, number in found.items()}
