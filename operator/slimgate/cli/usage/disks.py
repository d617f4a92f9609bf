"""Which part of the nodes' disks is meant: all of it, or what one namespace uses."""

from collections.abc import Sequence

from slimgate.core.nodes.disk import ImageDisk, NodeDisk
from slimgate.core.nodes.stored import NOTHING, Stored


def whole_of(disk: NodeDisk, namespace: str | None) -> Stored:
    """Tell what is on a node's disk; None means for all, and for nobody."""
    return disk.total if namespace is None else disk.namespaces.whole.get(namespace, NOTHING)


def own_of(disk: NodeDisk, namespace: str) -> Stored:
    """Tell what is on a node's disk for that namespace alone."""
    return disk.namespaces.own.get(namespace, NOTHING)


def images_of(disk: NodeDisk, namespace: str | None) -> Sequence[ImageDisk]:
    """List the images that a namespace uses; None means all there are."""
    if namespace is None:
        return disk.images
    return [image for image in disk.images if namespace in image.namespaces]


def largest_first(disks: Sequence[NodeDisk], namespace: str | None) -> list[NodeDisk]:
    """Order nodes by what is on their disks, then by name."""
    return sorted(disks, key=lambda disk: (-whole_of(disk, namespace).disk, disk.node))
