"""What images cost the nodes' disks, as tables: one row a node, or one row an image of a node."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from slimgate.cli.check.reports.report import count
from slimgate.cli.shared.cells import plain_table
from slimgate.cli.usage.disks import images_of, largest_first, own_of, whole_of
from slimgate.cli.usage.pulled import SLOWEST, pull_cells, pulls_on
from slimgate.cli.usage.pulled import WIDE as PULLS
from slimgate.core.nodes.disk import ImageDisk, NodeDisk
from slimgate.core.nodes.fleet import image_name
from slimgate.core.nodes.pulls import PullTable
from slimgate.core.nodes.space import Space, space_of
from slimgate.core.nodes.stored import Stored
from slimgate.core.quantity import format_bytes
from slimgate.core.text import printable

_SPACE: Final = (
    "WRITABLE", "LOGS", "EMPTYDIRS", "AVAILABLE", "OBTAINABLE", "TO COLLECTION", "TO EVICTION",
)  # fmt: skip


def nodes_table(
    disks: Sequence[NodeDisk],
    pulls: PullTable | None = None,
    notes: Sequence[str] = (),
    *,
    number: int | None = None,
    namespace: str | None = None,
    wide: bool = False,
    narrow: bool = False,
) -> RenderableType:
    """Write one row a node, that with the most on its disk first.

    All its images, what is free to go, and what was measured; with a namespace, what that uses.
    """
    shown = largest_first(disks, namespace)[:number]
    parts = []
    if shown and namespace is None:
        parts = [_all(shown, pulls, wide=wide, narrow=narrow and not wide)]
    elif shown:
        parts = [_of_namespace(shown, pulls, namespace or "", wide=wide)]
    return Group(*parts, *_notes(shown, notes), *_ending(disks, shown, namespace))


def images_tables(
    disks: Sequence[NodeDisk],
    pulls: PullTable | None = None,
    notes: Sequence[str] = (),
    *,
    number: int | None = None,
    namespace: str | None = None,
    wide: bool = False,
) -> RenderableType:
    """Write one table a node, the image with the most on its disk first."""
    shown = largest_first(disks, namespace)[:number]
    parts: list[RenderableType] = []
    for disk in shown:
        parts.append(Text(printable(disk.node, 253), style="bold"))
        parts += [_images(disk, pulls, namespace, wide=wide), Text()]
    return Group(*parts, *_notes(shown, notes), *_ending(disks, shown, namespace))


def _all(disks: Sequence[NodeDisk], pulls: PullTable | None, *, wide: bool, narrow: bool) -> Table:
    pulled = None if pulls is None or not wide else pulls.sums().nodes
    table = plain_table(
        *(("NODE", "IMAGES") if narrow else ("NODE", "RUNTIME", "IMAGES", "UNUSED")),
        *("COMPRESSED", "UNPACKED", "ON DISK", "FREEABLE"),
        *(("EXCLUSIVE", "SHARED", "NOT FOUND", "UNKNOWN LAYERS") if wide else ()),
        *(_SPACE if wide else ()),
        *(PULLS if pulled is not None else ()),
        "MEASURED",
    )
    for disk in disks:
        more = (disk.parts.exclusive.disk, disk.parts.shared.disk)
        table.add_row(
            *(_node(disk)[:1] if narrow else _node(disk)),
            Text(str(len(disk.images))),
            *([] if narrow else [Text(str(disk.unused_images))]),
            *_of_node(disk),
            _least(disk.parts.unused.disk, known=disk.complete or not disk.unused_images),
            *([_least(size, known=disk.complete) for size in more] if wide else []),
            *([Text(str(disk.images_without_facts))] if wide else []),
            *([Text(str(disk.unknown_layers))] if wide else []),
            *(_space(space_of(disk)) if wide else ()),
            *(() if pulled is None else pull_cells(pulled.get(disk.node), wide=True)),
            Text("-") if disk.measured is None else _size(disk.measured),
        )
    return table


def _space(space: Space) -> Iterator[Text]:
    """Write what else is on the disk, and what is left of it; ~ marks what is by defaults."""
    least, mark = "" if space.exact else ">= ", "" if space.thresholds.read else "~"
    for sign, size in (
        ("", space.writable),
        ("", space.logs),
        ("", space.empty_dirs),
        ("", space.available),
        (least, space.obtainable),
        (mark, space.to_collection),
        (mark, space.to_eviction),
    ):
        yield Text("-" if size is None else f"{sign}{format_bytes(size)}")


def _of_namespace(
    disks: Sequence[NodeDisk], pulls: PullTable | None, namespace: str, *, wide: bool
) -> Table:
    pulled = None if pulls is None or not wide else pulls.sums().nodes
    table = plain_table(
        *("NODE", "RUNTIME", "IMAGES", "COMPRESSED", "UNPACKED", "ON DISK", "OWN"),
        *(("SHARED", "NOT FOUND") if wide else ()),
        *(PULLS if pulled is not None else ()),
    )
    for disk in disks:
        images = images_of(disk, namespace)
        whole, own = whole_of(disk, namespace), own_of(disk, namespace)
        lost = sum(not image.known for image in images)
        table.add_row(
            *_node(disk),
            Text(str(len(images))),
            *_stored(whole),
            _size(own.disk),
            *([_size(whole.disk - own.disk), Text(str(lost))] if wide else []),
            *(() if pulled is None else pull_cells(pulled.get(disk.node), wide=True)),
        )
    return table


def _images(disk: NodeDisk, pulls: PullTable | None, namespace: str | None, *, wide: bool) -> Table:
    pulled = None if pulls is None else pulls_on(disk, pulls)
    table = plain_table(
        *("ON DISK", "OWN"),
        *(("COMPRESSED", "UNPACKED", "REPORTED") if wide else ()),
        *(() if pulled is None else PULLS if wide else (SLOWEST,)),
        *("IN USE", "IMAGE"),
        *(("NAMESPACES",) if wide else ()),
    )
    places = {id(image): place for place, image in enumerate(disk.images)}
    for image in sorted(images_of(disk, namespace), key=lambda image: -image.whole.disk):
        whole = image.whole
        table.add_row(
            _known(image, whole.disk),
            _known(image, image.own.disk),
            *([_known(image, whole.compressed), _known(image, whole.unpacked)] if wide else []),
            *([_size(image.reported)] if wide else []),
            *(() if pulled is None else pull_cells(pulled.get(places[id(image)]), wide=wide)),
            Text("yes" if image.used else "pinned" if image.pinned else "no"),
            Text(printable(image_name(image.names)) or "without a name"),
            *([Text(printable(", ".join(sorted(image.namespaces)) or "-"))] if wide else []),
        )
    return table


def _notes(disks: Sequence[NodeDisk], notes: Sequence[str]) -> Iterator[Text]:
    for note in notes:
        yield Text(f"note: {note}", style="dim")
    for disk in disks:
        said = []
        if disk.images_without_facts:
            said.append(f"{count(disk.images_without_facts, 'image')} could not be looked up")
        if disk.unknown_layers:
            said.append(f"{count(disk.unknown_layers, 'layer')} of unknown size")
        if disk.truncated:
            by_pods = disk.unlisted_images
            found = f", and {by_pods} more are known from pods" if by_pods else ""
            said.append(f"its kubelet lists only some of its images{found}")
        if said:
            text = f"{printable(disk.node, 253)}: {', '.join(said)}; so there is more on its disk"
            yield Text(text, style="yellow")


def _ending(
    disks: Sequence[NodeDisk], shown: Sequence[NodeDisk], namespace: str | None
) -> Iterator[Text]:
    total = sum(whole_of(disk, namespace).disk for disk in disks)
    if namespace is None:
        free = sum(disk.parts.unused.disk for disk in disks)
        complete = all(disk.complete for disk in disks)
        least = "" if complete else "at least "
        said = f"{least}{format_bytes(total)} of images on disk"
        if complete or free:
            said += f", {format_bytes(free)} of it used by no pod"
        if not complete and not total:
            said = "nothing is known of what images take"
    else:
        own = sum(own_of(disk, namespace).disk for disk in disks)
        said = (
            f"{format_bytes(total)} of images on disk for namespace {namespace}, "
            f"{format_bytes(own)} of it for no other"
        )
    more = f"; {len(disks) - len(shown)} more with --limit" if len(disks) > len(shown) else ""
    yield Text(
        f"{count(len(disks), 'node')}: {said}{more}" if disks else "no node has these labels",
        style="bold",
    )


def _node(disk: NodeDisk) -> tuple[Text, Text]:
    return Text(printable(disk.node, 253)), Text(disk.runtime.value)


def _of_node(disk: NodeDisk) -> Iterator[Text]:
    total, complete = disk.total, disk.complete
    yield _least(total.compressed, known=complete or not disk.runtime.keeps_blobs)
    yield _least(total.unpacked, known=complete)
    yield _least(total.disk, known=complete)


def _stored(stored: Stored) -> tuple[Text, ...]:
    return _size(stored.compressed), _size(stored.unpacked), _size(stored.disk)


def _known(image: ImageDisk, size: int) -> Text:
    """Write a size; what some layers have no known part in is more, or nobody knows how much."""
    return _least(size, known=image.complete)


def _least(size: int, *, known: bool) -> Text:
    if known:
        return _size(size)
    return Text(f">= {format_bytes(size)}" if size else "unknown", style="yellow")


def _size(size: int) -> Text:
    return Text(format_bytes(size))
