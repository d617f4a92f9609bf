"""Shows what nodes pulled: some series a node, and the images that took longest."""

import operator
from collections.abc import Collection, Iterator, Mapping
from typing import Final, Protocol

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from slimgate.core.nodes.pulls import Pulls, PullSums
from slimgate.metrics.bounded import OTHER, folded
from slimgate.metrics.nodes import Nodes

_NONE: Final = PullSums(images={}, nodes={}, rest=Pulls())


class PulledImages(Protocol):
    """Knows what nodes pulled."""

    @property
    def sums(self) -> PullSums | None:
        """What events tell; None if they can't be read."""


class PullCollector(Collector):
    """What was pulled, as of the last look. Nodes that there aren't have no series."""

    def __init__(self, pulls: PulledImages, nodes: Nodes, images: int) -> None:
        """Give so many images series of their own; with 0 there are none of images."""
        self._pulls = pulls
        self._nodes = nodes
        self._images = images

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the sums once."""
        sums = self._pulls.sums or _NONE
        by_node, by_image = sums.nodes, sums.images
        nodes = by_node.keys() & {node.node for node in self._nodes.last.nodes}
        yield from _families(
            "slimgate_node_image", "by a node", "node", _parted(by_node, nodes, sums.rest)
        )
        if not self._images:
            return
        order = sorted(by_image, key=lambda image: (-by_image[image].seconds, image))
        yield from _families(
            "slimgate_image", "of an image by all nodes (those that took longest are named)",
            "image", _parted(by_image, set(order[: self._images]), sums.rest),
        )  # fmt: skip


def _parted(
    all_of: Mapping[str, Pulls], named: Collection[str], rest: Pulls
) -> Mapping[tuple[str, ...], Pulls]:
    """Keep the named ones, and add up all others."""
    rows: dict[tuple[str, ...], Pulls] = {(name,): pulls for name, pulls in all_of.items()}
    shown = folded(rows, {(name,) for name in named}, operator.add)
    others = shown.get((OTHER,), Pulls()) + rest
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
