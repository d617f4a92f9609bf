"""What images cost the nodes' disks, as tables: one row a node, or one row an image of a node."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from slimgate.cli.reports.report import count
from slimgate.core.disk import ImageDisk, NodeDisk
from slimgate.core.quantity import format_bytes
from slimgate.core.text import printable


def nodes_table(disks: Sequence[NodeDisk]) -> RenderableType:
    """Write one row a node: all its images, what is free to go, and what was measured."""
    table = _table("NODE", "RUNTIME")
    for name in ("IMAGES", "UNUSED", "COMPRESSED", "UNPACKED", "ON DISK", "FREEABLE", "MEASURED"):
        table.add_column(name, justify="right", no_wrap=True)
    for disk in disks:
        table.add_row(
            Text(printable(disk.node, 253)),
            Text(disk.runtime.value),
            Text(str(len(disk.images))),
            Text(str(disk.unused_images)),
            Text(format_bytes(disk.total.compressed)),
            Text(format_bytes(disk.total.unpacked)),
            Text(format_bytes(disk.total.disk)),
            Text(format_bytes(disk.parts.unused.disk)),
            Text("-" if disk.measured is None else format_bytes(disk.measured)),
        )
    return Group(table, *_notes(disks), _summary(disks))


def images_tables(disks: Sequence[NodeDisk]) -> RenderableType:
    """Write one table a node, the image with the most on its disk first."""
    parts: list[RenderableType] = []
    for disk in disks:
        parts += [Text(printable(disk.node, 253), style="bold"), _images(disk), Text()]
    return Group(*parts, *_notes(disks), _summary(disks))


def _images(disk: NodeDisk) -> Table:
    table = _table()
    for name in ("ON DISK", "OWN"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("IN USE", no_wrap=True)
    table.add_column("IMAGE", overflow="fold")
    for image in sorted(disk.images, key=lambda image: -image.whole.disk):
        table.add_row(
            Text(format_bytes(image.whole.disk)) if image.known else _unknown(),
            Text(format_bytes(image.own.disk)) if image.known else _unknown(),
            Text("yes" if image.used else "no"),
            Text(image_name(image)),
        )
    return table


def image_name(image: ImageDisk) -> str:
    """Choose the name that people know: one with a tag before one with a digest."""
    names = sorted(image.names, key=lambda name: "@" in name)
    return printable(names[0]) if names else "without a name"


def _notes(disks: Sequence[NodeDisk]) -> Iterator[Text]:
    for disk in disks:
        said = []
        if disk.images_without_facts:
            said.append(f"{count(disk.images_without_facts, 'image')} could not be looked up")
        if disk.unknown_layers:
            said.append(f"{count(disk.unknown_layers, 'layer')} of unknown size")
        if disk.truncated:
            said.append("its kubelet lists only some of its images")
        if said:
            text = f"{printable(disk.node, 253)}: {', '.join(said)}; so there is more on its disk"
            yield Text(text, style="yellow")


def _summary(disks: Sequence[NodeDisk]) -> Text:
    total = sum(disk.total.disk for disk in disks)
    free = sum(disk.parts.unused.disk for disk in disks)
    return Text(
        f"{count(len(disks), 'node')}: {format_bytes(total)} of images on disk, "
        f"{format_bytes(free)} of it used by no pod",
        style="bold",
    )


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _unknown() -> Text:
    return Text("unknown", style="yellow")
