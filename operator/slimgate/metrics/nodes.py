"""Shows what images cost the nodes' disks: a few series a node, none an image."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from slimgate.core.disk import NodeDisk
from slimgate.core.node import ImageFs

MAX_NAMESPACES: Final = 500
OTHERS: Final = "(other)"
"""Stands for all namespaces beyond the largest; it is no name that a namespace can have."""


class NodeDisks(Protocol):
    """Knows the last disk model of every node."""

    def disks(self) -> Iterable[NodeDisk]:
        """Yield all models."""


@dataclass(frozen=True, slots=True)
class _Figure:
    """One metric with one series a node; None is no series."""

    name: str
    text: str
    value: Callable[[NodeDisk], float | None]


_LOWER: Final = "A lower bound where images or layers are unknown."
_FIGURES: Final = (
    _Figure(
        "slimgate_node_image_content_bytes",
        f"Compressed layers that a node keeps, each once by digest; 0 where the runtime keeps only "
        f"unpacked ones (CRI-O, Docker). {_LOWER}",
        lambda disk: disk.total.compressed,
    ),
    _Figure(
        "slimgate_node_image_unpacked_bytes",
        f"Unpacked layers on a node, as lengths of their tars, each once by chainID. {_LOWER}",
        lambda disk: disk.total.unpacked,
    ),
    _Figure(
        "slimgate_node_image_disk_bytes",
        "All that images take on a node's disk: compressed plus unpacked layers. The sum of "
        f"unique, shared and unused. {_LOWER}",
        lambda disk: disk.total.disk,
    ),
    _Figure(
        "slimgate_node_image_measured_disk_bytes",
        "What du finds: slimgate_node_imagefs_used_bytes plus slimgate_node_image_content_bytes. "
        "It exceeds slimgate_node_image_disk_bytes by what containers write and by whole blocks "
        "of small files. containerd only, and only where the kubelet can be read.",
        lambda disk: disk.measured,
    ),
    _Figure(
        "slimgate_node_image_unique_bytes",
        "The part of slimgate_node_image_disk_bytes that belongs to one image alone, which a "
        "pod uses.",
        lambda disk: disk.parts.exclusive.disk,
    ),
    _Figure(
        "slimgate_node_image_shared_bytes",
        "The part of slimgate_node_image_disk_bytes that several images share, at least one of "
        "which a pod uses.",
        lambda disk: disk.parts.shared.disk,
    ),
    _Figure(
        "slimgate_node_image_unused_bytes",
        "The part of slimgate_node_image_disk_bytes that only images of no pod hold: what "
        "deleting all of them frees.",
        lambda disk: disk.parts.unused.disk,
    ),
    _Figure(
        "slimgate_node_images", "Images that a node is known to have.", lambda d: len(d.images)
    ),
    _Figure(
        "slimgate_node_images_unused",
        "Images on a node that no pod there uses.",
        lambda disk: disk.unused_images,
    ),
    _Figure(
        "slimgate_node_images_without_facts",
        "Images on a node that slimgate knows nothing of, so that they count as no bytes.",
        lambda disk: disk.images_without_facts,
    ),
    _Figure(
        "slimgate_node_image_layers_unknown",
        "Layers on a node, of images with facts, whose size is not known in full.",
        lambda disk: disk.unknown_layers,
    ),
    _Figure(
        "slimgate_node_image_list_truncated",
        "1 where the kubelet has cut the node's list of images, so that small unused ones are "
        "not counted: its nodeStatusMaxImages is 50 by default, -1 lists all.",
        lambda disk: disk.truncated,
    ),
    _Figure(
        "slimgate_node_imagefs_used_bytes",
        "Measured by the kubelet, in blocks on disk: on containerd all unpacked layers and what "
        "containers write, without compressed layers. No series where it can't be read, nor on "
        "CRI-O, whose figure leaves the layers out.",
        lambda disk: _of(disk.image_fs).used,
    ),
    _Figure(
        "slimgate_node_imagefs_capacity_bytes",
        "Measured by the kubelet: size of the file system that images are on.",
        lambda disk: _of(disk.image_fs).capacity,
    ),
    _Figure(
        "slimgate_node_imagefs_available_bytes",
        "Measured by the kubelet: what is free on the file system that images are on.",
        lambda disk: _of(disk.image_fs).available,
    ),
)


class NodeCollector(Collector):
    """The disk models at the time of the scrape."""

    def __init__(self, nodes: NodeDisks, max_namespaces: int = MAX_NAMESPACES) -> None:
        self._nodes = nodes
        self._max_namespaces = max_namespaces

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read all models once."""
        disks = list(self._nodes.disks())
        for figure in _FIGURES:
            family = GaugeMetricFamily(figure.name, figure.text, labels=["node"])
            for disk in disks:
                value = figure.value(disk)
                if value is not None:
                    family.add_metric([disk.node], value)
            yield family
        yield _reported(disks)
        yield self._namespaces(disks)
        yield GaugeMetricFamily(
            "slimgate_namespaces_shared_image_disk_bytes",
            "The part of all nodes' image disk that several namespaces on a node share. With "
            "that of each namespace and the unused part of nodes it makes the whole.",
            value=sum(disk.namespaces.shared.disk for disk in disks),
        )

    def _namespaces(self, disks: Sequence[NodeDisk]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "slimgate_namespace_image_disk_bytes",
            "Compressed plus unpacked layers on all nodes that only this namespace's pods use "
            "there.",
            labels=["namespace"],
        )
        total: dict[str, int] = {}
        for disk in disks:
            for name, stored in disk.namespaces.own.items():
                total[name] = total.get(name, 0) + stored.disk
        largest = sorted(total.items(), key=lambda item: (-item[1], item[0]))
        for name, size in largest[: self._max_namespaces]:
            family.add_metric([name], size)
        if rest := largest[self._max_namespaces :]:
            family.add_metric([OTHERS], sum(size for _, size in rest))
        return family


def _reported(disks: Sequence[NodeDisk]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_node_image_reported_bytes",
        "What a node's status says of its images, added up: compressed on containerd, unpacked "
        "on CRI-O and Docker, and layers that images share once for each. Never add the kinds.",
        labels=["node", "size"],
    )
    for disk in disks:
        family.add_metric([disk.node, disk.runtime.reports], disk.reported)
    return family


_NOT_READ: Final = ImageFs(used=None, capacity=None, available=None)


def _of(image_fs: ImageFs | None) -> ImageFs:
    return image_fs or _NOT_READ
