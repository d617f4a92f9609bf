"""Shows what images cost each node's disk, and all disks together, as of the last look."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from slimgate.core.nodes.look import Look, NodeFigures
from slimgate.core.nodes.node import Runtime
from slimgate.core.nodes.stored import Stored
from slimgate.core.nodes.summary import ImageFs
from slimgate.core.policies.budget import OverBudgets
from slimgate.metrics.bounded import MAX_NAMESPACES
from slimgate.metrics.fleet import fleet_families, registry_family
from slimgate.metrics.named import Named, Values, bounded
from slimgate.metrics.over_limits import budget_families, over_families
from slimgate.metrics.uses import use_families

SHARED: Final = "_shared"
"""Stands for layers that several namespaces use; no namespace can be called so."""
PINNED: Final = "_pinned"
"""Stands for what nodes keep for themselves."""


class Nodes(Protocol):
    """Knows what the last look at all nodes found."""

    @property
    def last(self) -> Look:
        """The look; an empty one before the first."""

    def over_budget(self) -> OverBudgets:
        """Tell which namespaces are over budgets."""

    @property
    def last_success(self) -> float | None:
        """When the nodes were last looked at, in Unix time."""


@dataclass(frozen=True, slots=True)
class _Figure:
    """One metric with one series a node; None is no series."""

    name: str
    text: str
    value: Callable[[NodeFigures], float | None]


_FIGURES: Final = (
    _Figure(
        "slimgate_node_images_without_facts",
        "Images on a node that could not be looked up, so that they count as no bytes.",
        lambda node: node.images_without_facts,
    ),
    _Figure(
        "slimgate_node_layers_without_size",
        "Layers on a node whose compressed or unpacked size is unknown.",
        lambda node: node.unknown_layers,
    ),
    _Figure(
        "slimgate_node_image_list_truncated",
        "1 if the kubelet lists only some of the node's images, so that small unused ones are not "
        "counted. Its nodeStatusMaxImages is 50 by default; -1 lists all.",
        lambda node: node.truncated,
    ),
    _Figure(
        "slimgate_node_imagefs_used_bytes",
        "Bytes used on the image file system, as the kubelet measured it: on containerd unpacked "
        "layers and what containers write, without compressed layers. Absent if the kubelet can't "
        "be read, and on CRI-O, whose figure leaves the layers out.",
        lambda node: _of(node.image_fs).used,
    ),
    _Figure(
        "slimgate_node_imagefs_capacity_bytes",
        "Size of the image file system, as the kubelet measured it.",
        lambda node: _of(node.image_fs).capacity,
    ),
    _Figure(
        "slimgate_node_imagefs_available_bytes",
        "Bytes free on the image file system, as the kubelet measured it.",
        lambda node: _of(node.image_fs).available,
    ),
    _Figure(
        "slimgate_node_imagefs_until_collection_bytes",
        "Bytes that may be written on the image file system until the kubelet removes unused "
        "images, by its own threshold if slimgate_node_thresholds_read is 1, else by the default "
        "of 85 %. 0 if it does; absent if it never does.",
        lambda node: node.space.to_collection,
    ),
    _Figure(
        "slimgate_node_imagefs_until_eviction_bytes",
        "Bytes that may be written on the image file system until the kubelet ends pods, by its "
        "own threshold if slimgate_node_thresholds_read is 1, else by the default of 15 % "
        "available. 0 if it does; absent if it never does.",
        lambda node: node.space.to_eviction,
    ),
    _Figure(
        "slimgate_node_imagefs_threshold_ratio",
        "Used part of the image file system from which the kubelet removes unused images, or ends "
        "pods where it does that before: by its own thresholds if slimgate_node_thresholds_read "
        "is 1, else by the default of 0.85. Absent if it never does either.",
        lambda node: node.space.first,
    ),
    _Figure(
        "slimgate_node_thresholds_read",
        "1 if the kubelet's own thresholds were read, 0 if its defaults are assumed.",
        lambda node: node.space.thresholds.read,
    ),
    _Figure(
        "slimgate_node_image_reclaimable_bytes",
        "Bytes that removing all unused images of a node frees: as measured if "
        "slimgate_node_image_measured_ratio is there, else a lower bound where something is "
        "unknown.",
        lambda node: node.space.reclaimable,
    ),
    _Figure(
        "slimgate_node_image_measured_ratio",
        "Bytes that were measured for each byte of unpacked layers in the model. Absent if the "
        "kubelet can't be read or is not believed, so that all figures of the node are the "
        "model's.",
        lambda node: node.factor,
    ),
)


class NodeCollector(Collector):
    """What a look found; it takes seconds where there are thousands, so not for each scrape."""

    def __init__(
        self,
        nodes: Nodes,
        max_namespaces: int = MAX_NAMESPACES,
        named: Named | None = None,
    ) -> None:
        self._nodes = nodes
        self._max_namespaces = max_namespaces
        self._named = named or Named()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the last look once."""
        look = self._nodes.last
        yield _bytes(look.nodes)
        yield _images(look.nodes)
        yield _disk(look.nodes)
        for figure in _FIGURES:
            family = GaugeMetricFamily(figure.name, figure.text, labels=["node"])
            for node in look.nodes:
                value = figure.value(node)
                if value is not None:
                    family.add_metric([node.node], value)
            yield family
        yield _unread(look)
        yield self._namespaces(look)
        yield from fleet_families(look.fleet, self._named)
        yield from registry_family(look.registry, self._named)
        yield from use_families(look, self._named)
        if look.over is not None:
            yield from over_families(look.over, self._named)
        yield from budget_families(self._nodes.over_budget(), self._named)
        looked = GaugeMetricFamily(
            "slimgate_node_survey_last_success_timestamp_seconds",
            "When the nodes and their pods were last read, in Unix time.",
        )
        if self._nodes.last_success is not None:
            looked.add_metric([], self._nodes.last_success)
        yield looked

    def _namespaces(self, look: Look) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "slimgate_namespace_image_bytes",
            "Bytes of images in use on all nodes, compressed and unpacked, by the namespace whose "
            "pods alone use them on their node. Those that several namespaces use are under "
            "_shared, and what nodes keep for themselves, as sandboxes, under _pinned.",
            labels=["workload_namespace"],
        )
        own: dict[Values, int] = {(name,): stored.disk for name, stored in look.namespaces.items()}
        for values, size in bounded(own, self._max_namespaces).items():
            family.add_metric(values, size)
        family.add_metric([SHARED], look.shared.disk)
        if look.pinned.disk:
            family.add_metric([PINNED], look.pinned.disk)
        return family


def _bytes(nodes: Sequence[NodeFigures]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_node_image_bytes",
        "Bytes of images on a node's disk, by who holds them and in which form. Modelled, and a "
        "lower bound where images or layers are unknown. The sum is the total.",
        labels=["node", "share", "form"],
    )
    for node in nodes:
        parts = node.parts
        shares = {"exclusive": parts.exclusive, "shared": parts.shared, "unused": parts.unused}
        for share, stored in shares.items():
            for form, size in _forms(node.runtime, stored):
                family.add_metric([node.node, share, form], size)
    return family


def _forms(runtime: Runtime, stored: Stored) -> Iterator[tuple[str, int]]:
    if runtime.keeps_blobs:
        yield "compressed", stored.compressed
    yield "unpacked", stored.unpacked


def _images(nodes: Sequence[NodeFigures]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_node_images",
        "Images on a node, by whether a pod on it uses them.",
        labels=["node", "state"],
    )
    for node in nodes:
        family.add_metric([node.node, "used"], node.images - node.unused_images)
        family.add_metric([node.node, "unused"], node.unused_images)
    return family


def _disk(nodes: Sequence[NodeFigures]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_node_disk_bytes",
        "Bytes on a node's disk, by part: images, as measured where the kubelet can be read, and "
        "what containers write, their logs and emptyDirs, where it tells.",
        labels=["node", "part"],
    )
    for node in nodes:
        parts = {
            "images": node.space.images,
            "writable": node.space.writable,
            "logs": node.space.logs,
            "empty_dirs": node.space.empty_dirs,
        }
        for part, size in parts.items():
            if size is not None:
                family.add_metric([node.node, part], size)
    return family


def _unread(look: Look) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_node_unread",
        "1 for a node of which the last look could not read something, with the reason, or does "
        "not believe it. What is not known of it has no series.",
        labels=["node", "reason"],
    )
    for node, reason in look.unread.items():
        family.add_metric([node, reason], 1)
    return family


_NOT_READ: Final = ImageFs(used=None, capacity=None, available=None)


def _of(image_fs: ImageFs | None) -> ImageFs:
    return image_fs or _NOT_READ
