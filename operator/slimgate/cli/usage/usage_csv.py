"""Images and nodes as rows for spreadsheets."""

from collections.abc import Sequence
from typing import Final

from slimgate.cli.usage.csv_text import csv_text
from slimgate.cli.usage.disks import images_of, largest_first, own_of, whole_of
from slimgate.cli.usage.images import Usage
from slimgate.cli.usage.pulled import CSV as PULLS
from slimgate.cli.usage.pulled import pulls_csv
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.pulls import NO_PULLS, PullTable
from slimgate.core.nodes.space import space_of

_IMAGES: Final = ("reference", "pullBytes", "layers", "base", "tier", "workloads", "error")
_SIZES: Final = 5
_NODES: Final = (
    "name", "runtime", "images", "unusedImages", "compressedBytes", "unpackedBytes", "diskBytes",
    "unusedBytes", "ownBytes", "measuredBytes", "writableBytes", "logsBytes", "emptyDirsBytes",
    "capacityBytes", "availableBytes", "obtainableBytes", *PULLS, "complete",
)  # fmt: skip


def top_csv(usage: Usage, *, number: int | None = None) -> str:
    """Write one row an image, the most to pull first."""
    return csv_text(
        _IMAGES,
        (
            (
                image.reference,
                image.pull,
                *(
                    (None, None, None)
                    if (facts := image.largest) is None
                    else (
                        len(facts.layers),
                        facts.base.name,
                        None if facts.base.tier is None else facts.base.tier.label,
                    )
                ),
                len(image.users),
                str(image.seen) if isinstance(image.seen, Exception) else None,
            )
            for image in usage.images[:number]
        ),
    )


def nodes_csv(
    disks: Sequence[NodeDisk],
    pulls: PullTable | None = None,
    *,
    number: int | None = None,
    namespace: str | None = None,
) -> str:
    """Write one row a node; with a namespace, of what that uses and was pulled for it."""
    pulled = None if pulls is None else pulls.sums().nodes
    return csv_text(
        _NODES,
        (
            (
                disk.node,
                disk.runtime.value,
                len(images := images_of(disk, namespace)),
                sum(image.free_to_go for image in images),
                *(_sizes(disk, namespace) if not disk.unknown else (None,) * _SIZES),
                disk.measured,
                *((space := space_of(disk)).writable, space.logs, space.empty_dirs),
                *(space.capacity, space.available, space.obtainable),
                *pulls_csv(None if pulled is None else pulled.get(disk.node, NO_PULLS)),
                disk.complete,
            )
            for disk in largest_first(disks, namespace)[:number]
        ),
    )


def _sizes(disk: NodeDisk, namespace: str | None) -> Sequence[int | None]:
    whole = whole_of(disk, namespace)
    unused = disk.parts.unused.disk if namespace is None else 0
    own = None if namespace is None else own_of(disk, namespace).disk
    return (whole.compressed, whole.unpacked, whole.disk, unused, own)
