"""Which part of the nodes' disks is meant: all of it, or what one namespace uses."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from slimgate.core.nodes.disk import ImageDisk, NodeDisk
from slimgate.core.nodes.look import DOUBTED
from slimgate.core.nodes.stored import NOTHING, Stored
from slimgate.core.text import printable

_NAMED: Final = 3
_WHY: Final = {
    "refused": "you need the right to nodes/proxy",
    "late": "their kubelets do not answer in time",
    "no_stats": "their kubelets have no figures of images",
    DOUBTED: "what their kubelets say can't be",
}


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


def unread_notes(disks: Sequence[NodeDisk], unread: Mapping[str, str]) -> Iterator[str]:
    """Say of which nodes nothing is measured, and why."""
    for reason in sorted({*unread.values()}):
        nodes = sorted(node for node, why in unread.items() if why == reason)
        more = f" and {len(nodes) - _NAMED} more" if len(nodes) > _NAMED else ""
        named = ", ".join(printable(node, 253) for node in nodes[:_NAMED])
        why = _WHY.get(reason, "their kubelets could not be asked")
        yield f"nothing is measured of {len(nodes)} of {len(disks)} nodes ({named}{more}): {why}"
