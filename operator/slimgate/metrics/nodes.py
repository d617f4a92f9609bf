"""Shows what images cost each node's disk, and all disks together, as of the last look."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.fleet import Fleet
from slimgate.core.nodes.over_limits import FleetOver
from slimgate.core.nodes.space import Space, space_of
from slimgate.core.nodes.stored import Stored
from slimgate.core.nodes.summary import ImageFs
from slimgate.metrics.bounded import MAX_NAMESPACES, OTHER, largest
from slimgate.metrics.fleet import Named, fleet_families
from slimgate.metrics.over_limits import over_families

SHARED: Final = "_shared"
"""Stands for layers that several namespaces use; no namespace can be called so."""
PINNED: Final = "_pinned"
"""Stands for what nodes keep for themselves."""


class NodeDisks(Protocol):
    """Knows the last disk model of every node."""

    def disks(self) -> Iterable[NodeDisk]:
        """Yield all models."""

    def fleet(self) -> Fleet:
        """Tell who fills all disks together."""

    def over(self) -> FleetOver | None:
        """Tell what would be won if every image were at its limit, None where nobody knows."""

    @property
    def last_success(self) -> float | None:
        """When the nodes were last looked at, in Unix time."""


@dataclass(frozen=True, slots=True)
class _Figure:
    """One metric with one series a node; None is no series."""

    name: str
    text: str
    value: Callable[[NodeDisk, Space], float | None]


_FIGURES: Final = (
    _Figure(
        "slimgate_node_images_without_facts",
        "Images on a node that could not be looked up, so that they count as no bytes.",
        lambda disk, _: disk.images_without_facts,
    ),
    _Figure(
        "slimgate_node_layers_without_size",
        "Layers on a node whose compressed or unpacked size is unknown.",
        lambda disk, _: disk.unknown_layers,
    ),
    _Figure(
        "slimgate_node_image_list_truncated",
        "1 if the kubelet lists only some of the node's images, so that small unused ones are not "
        "counted. Its nodeStatusMaxImages is 50 by default; -1 lists all.",
        lambda disk, _: disk.truncated,
    ),
    _Figure(
        "slimgate_node_imagefs_used_bytes",
        "Bytes used on the image file system, as the kubelet measured it: on containerd unpacked "
        "layers and what containers write, without compressed layers. Absent if the kubelet can't "
        "be read, and on CRI-O, whose figure leaves the layers out.",
        lambda disk, _: _of(disk.image_fs).used,
    ),
    _Figure(
        "slimgate_node_imagefs_capacity_bytes",
        "Size of the image file system, as the kubelet measured it.",
        lambda disk, _: _of(disk.image_fs).capacity,
    ),
    _Figure(
        "slimgate_node_imagefs_available_bytes",
        "Bytes free on the image file system, as the kubelet measured it.",
        lambda disk, _: _of(disk.image_fs).available,
    ),
    _Figure(
        "slimgate_node_imagefs_until_collection_bytes",
        "Bytes that may be written on the image file system until the kubelet removes unused "
        "images, by its default of 85 %. 0 if it does.",
        lambda _, space: space.to_collection,
    ),
    _Figure(
        "slimgate_node_imagefs_until_eviction_bytes",
        "Bytes that may be written on the image file system until the kubelet ends pods, by its "
        "default of 15 % available. 0 if it does.",
        lambda _, space: space.to_eviction,
    ),
    _Figure(
        "slimgate_node_image_reclaimable_bytes",
        "Bytes that removing all unused images of a node frees: as measured if "
        "slimgate_node_image_measured_ratio is there, else a lower bound where something is "
        "unknown.",
        lambda _, space: space.reclaimable,
    ),
    _Figure(
        "slimgate_node_image_measured_ratio",
        "Bytes that were measured for each byte of unpacked layers in the model. Absent if the "
        "kubelet can't be read or is not believed, so that all figures of the node are the "
        "model's.",
        lambda disk, _: disk.scale.factor,
    ),
)


class NodeCollector(Collector):
    """The disk models; it takes seconds where there are thousands, so not for each scrape."""

    def __init__(
        self,
        nodes: NodeDisks,
        max_namespaces: int = MAX_NAMESPACES,
        named: Named | None = None,
    ) -> None:
        self._nodes = nodes
        self._max_namespaces = max_namespaces
        self._named = named or Named()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read all models once."""
        disks = list(self._nodes.disks())
        spaces = [space_of(disk) for disk in disks]
        yield _bytes(disks)
        yield _images(disks)
        yield _disk(disks, spaces)
        for figure in _FIGURES:
            family = GaugeMetricFamily(figure.name, figure.text, labels=["node"])
            for disk, space in zip(disks, spaces, strict=True):
                value = figure.value(disk, space)
                if value is not None:
                    family.add_metric([disk.node], value)
            yield family
        yield self._namespaces(disks)
        yield from fleet_families(self._nodes.fleet(), self._named)
        if (over := self._nodes.over()) is not None:
            yield from over_families(over, self._named)
        looked = GaugeMetricFamily(
            "slimgate_node_survey_last_success_timestamp_seconds",
            "When the nodes and their pods were last read, in Unix time.",
        )
        if self._nodes.last_success is not None:
            looked.add_metric([], self._nodes.last_success)
        yield looked

    def _namespaces(self, disks: Sequence[NodeDisk]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "slimgate_namespace_image_bytes",
            "Bytes of images in use on all nodes, compressed and unpacked, by the namespace whose "
            "pods alone use them on their node. Those that several namespaces use are under "
            "_shared, and what nodes keep for themselves, as sandboxes, under _pinned.",
            labels=["workload_namespace"],
        )
        own: dict[str, int] = {}
        for disk in disks:
            for name, stored in disk.namespaces.own.items():
                own[name] = own.get(name, 0) + stored.disk
        named = largest(own, self._max_namespaces)
        for name in sorted(named):
            family.add_metric([name], own[name])
        rest = [size for name, size in own.items() if name not in named]
        if rest:
            family.add_metric([OTHER], sum(rest))
        family.add_metric([SHARED], sum(disk.namespaces.shared.disk for disk in disks))
        if pinned := sum(disk.namespaces.pinned.disk for disk in disks):
            family.add_metric([PINNED], pinned)
        return family


def _bytes(disks: Sequence[NodeDisk]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_node_image_bytes",
        "Bytes of images on a node's disk, by who holds them and in which form. Modelled, and a "
        "lower bound where images or layers are unknown. The sum is the total.",
        labels=["node", "share", "form"],
    )
    for disk in disks:
        parts = disk.parts
        shares = {"exclusive": parts.exclusive, "shared": parts.shared, "unused": parts.unused}
        for share, stored in shares.items():
            for form, size in _forms(disk, stored):
                family.add_metric([disk.node, share, form], size)
    return family


def _forms(disk: NodeDisk, stored: Stored) -> Iterator[tuple[str, int]]:
    if disk.runtime.keeps_blobs:
        yield "compressed", stored.compressed
    yield "unpacked", stored.unpacked


def _images(disks: Sequence[NodeDisk]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_node_images",
        "Images on a node, by whether a pod on it uses them.",
        labels=["node", "state"],
    )
    for disk in disks:
        family.add_metric([disk.node, "used"], len(disk.images) - disk.unused_images)
        family.add_metric([disk.node, "unused"], disk.unused_images)
    return family


def _disk(disks: Sequence[NodeDisk], spaces: Sequence[Space]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_node_disk_bytes",
        "Bytes on a node's disk, by part: images, as measured where the kubelet can be read, and "
        "what containers write, their logs and emptyDirs, where it tells.",
        labels=["node", "part"],
    )
    for disk, space in zip(disks, spaces, strict=True):
        parts = {
            "images": space.images,
            "writable": space.writable,
            "logs": space.logs,
            "empty_dirs": space.empty_dirs,
        }
        for part, size in parts.items():
            if size is not None:
                family.add_metric([disk.node, part], size)
    return family


_NOT_READ: Final = ImageFs(used=None, capacity=None, available=None)


def _of(image_fs: ImageFs | None) -> ImageFs:
    return image_fs or _NOT_READ
