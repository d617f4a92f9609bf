"""Gives the largest of what others name series of their own, and one to all others together."""

import operator
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client.core import GaugeMetricFamily

from slimgate.core.nodes.fleet import FleetImage
from slimgate.metrics.bounded import folded, largest

NAMESPACE: Final = ("workload_namespace",)
WORKLOAD: Final = ("workload_namespace", "workload_kind", "workload")
IMAGE: Final = ("image",)

Values = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """How many of each have series of their own; of what has none there are no metrics."""

    namespaces: int = 20
    workloads: int = 20
    images: int = 20


def named_images(images: Iterable[FleetImage], limit: int) -> frozenset[str]:
    """Choose the images that are named: manifests of one name, as of a moved tag, are one."""
    sums: dict[str, int] = {}
    for image in images:
        sums[image.name] = sums.get(image.name, 0) + image.share.disk
    return largest(sums, limit)


def bounded_family(
    name: str, text: str, labels: Values, sizes: Mapping[Values, int], limit: int
) -> Iterator[GaugeMetricFamily]:
    """Give the largest series of their own and one to all others; nothing if none is wanted."""
    if not limit:
        return
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, size in bounded(sizes, limit).items():
        family.add_metric(values, size)
    yield family


def bounded(sizes: Mapping[Values, int], limit: int) -> Mapping[Values, int]:
    """Keep the largest, and add up all others under `_other`."""
    return folded(sizes, largest(sizes, limit), operator.add)
