"""Shows what nodes pulled: some series a node, and the images that took longest."""

import operator
from collections.abc import Collection, Iterator, Mapping
from typing import Final, Protocol

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from slimgate.core.nodes.pulls import NO_PULLS, Pulls, PullSums
from slimgate.metrics.bounded import OTHER, folded
from slimgate.metrics.named import IMAGE, NAMESPACE, Named
from slimgate.metrics.nodes import Nodes

_NONE: Final = PullSums(images={}, nodes={}, rest=NO_PULLS)


class PulledImages(Protocol):
    """Knows what nodes pulled."""

    @property
    def sums(self) -> PullSums | None:
        """What events tell; None if they can't be read."""


class PullCollector(Collector):
    """What was pulled, as of the last look. Nodes that there aren't have no series."""

    def __init__(self, pulls: PulledImages, nodes: Nodes, named: Named) -> None:
        self._pulls = pulls
        self._nodes = nodes
        self._named = named

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the sums once."""
        sums = self._pulls.sums or _NONE
        by_node, by_image = sums.nodes, sums.images
        nodes = by_node.keys() & {node.node for node in self._nodes.last.nodes}
        yield from _families(
            "slimgate_node_image", "by a node", "node", _parted(by_node, nodes, sums.rest)
        )
        for limit, prefix, whose, (label,), all_of, rest in (
            (
                self._named.namespaces, "slimgate_namespace_image",
                "for a namespace's pods (those that took longest are named)", NAMESPACE,
                sums.namespaces, NO_PULLS,
            ),
            (
                self._named.images, "slimgate_image",
                "of an image by all nodes (those that took longest are named)", IMAGE,
                by_image, sums.rest,
            ),
        ):  # fmt: skip
            if limit:
                shown = _parted(all_of, _slowest(all_of, limit), rest)
                yield from _families(prefix, whose, label, shown)


def _slowest(all_of: Mapping[str, Pulls], limit: int) -> Collection[str]:
    return sorted(all_of, key=lambda name: (-all_of[name].seconds, name))[:limit]


def _parted(
    all_of: Mapping[str, Pulls], named: Collection[str], rest: Pulls
) -> Mapping[tuple[str, ...], Pulls]:
    """Keep the named ones, and add up all others."""
    rows: dict[tuple[str, ...], Pulls] = {(name,): pulls for name, pulls in all_of.items()}
    shown = folded(rows, {(name,) for name in named}, operator.add)
    others = shown.get((OTHER,), NO_PULLS) + rest
    return {**shown, (OTHER,): others} if others.times else shown


def _families(
    prefix: str, whose: str, label: str, shown: Mapping[tuple[str, ...], Pulls]
) -> Iterator[GaugeMetricFamily]:
    times = GaugeMetricFamily(
        f"{prefix}_pulls",
        f"Pulls {whose}, as the kubelets' events say, which a cluster keeps for an hour.",
        labels=[label],
    )
    seconds = GaugeMetricFamily(
        f"{prefix}_pull_seconds",
        f"Time that the pulls {whose} took together, without waiting for others.",
        labels=[label],
    )
    size = GaugeMetricFamily(
        f"{prefix}_pull_bytes",
        f"Bytes of the pulls {whose} together, as the runtime counts an image's size, of those "
        "whose events tell it. None do before Kubernetes 1.30.",
        labels=[label],
    )
    for key, pulls in shown.items():
        times.add_metric(key, pulls.times)
        seconds.add_metric(key, pulls.seconds)
        if pulls.known_size is not None:
            size.add_metric(key, pulls.known_size)
    yield from (times, seconds, size)
