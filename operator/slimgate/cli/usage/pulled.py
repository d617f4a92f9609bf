"""What nodes pulled, beside what is on their disks."""

from collections.abc import Mapping, Sequence
from typing import Final

from rich.text import Text

from slimgate.cli.shared.ports import ClusterView
from slimgate.cli.usage.csv_text import Cell
from slimgate.core.duration import format_duration
from slimgate.core.errors import ClusterError
from slimgate.core.json_object import JsonDocument
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.pulls import NO_PULLS, Pulls, PullTable, canonical
from slimgate.core.quantity import format_bytes

SLOWEST: Final = "SLOWEST PULL"
WIDE: Final = ("PULLS", "PULLED", "PULL TIME", SLOWEST)
_ROUNDED_FROM: Final = 10
"""Seconds of which tenths say nothing more."""
CSV: Final = ("pulls", "pulledBytes", "pullSeconds", "slowestPullSeconds")


async def pulls_by(
    view: ClusterView, namespace: str | None, disks: Sequence[NodeDisk]
) -> tuple[PullTable | None, Sequence[str]]:
    """Tell what these nodes pulled for a namespace, or for all; None and a note where unknown."""
    try:
        table = await view.pulls(namespace, frozenset(disk.node for disk in disks))
    except ClusterError as err:
        return None, (f"what nodes pulled is not known: {err}",)
    if not table.rest.times:
        return table, ()
    return table, (f"{table.rest.times} more pulls, of very many images, stand in no row",)


def pulls_on(disk: NodeDisk, table: PullTable) -> Mapping[int, Pulls]:
    """Tell what a node pulled of each of its images, by their places.

    Events have what the pod called an image: a tag that has moved is the image that has it now.
    """
    places = {
        canonical(reference): place
        for place, image in enumerate(disk.images)
        for _, reference in image.uses
    } | {canonical(name): place for place, image in enumerate(disk.images) for name in image.names}
    found: dict[int, Pulls] = {}
    for name, place in places.items():
        pulls = table.pairs.get((name, disk.node))
        if pulls is not None:
            found[place] = found.get(place, NO_PULLS) + pulls
    return found


def pull_cells(pulls: Pulls | None, *, wide: bool) -> Sequence[Text]:
    """Write what was pulled, under the heads WIDE or SLOWEST."""
    if pulls is None or not pulls.times:
        return [Text("-")] * (len(WIDE) if wide else 1)
    size = pulls.known_size
    more = [Text(str(pulls.times)), Text("unknown" if size is None else format_bytes(size))]
    took = [Text(_took(pulls.seconds)), Text(_took(pulls.slowest))]
    return [*more, *took] if wide else took[1:]


def pulls_csv(pulls: Pulls | None) -> Sequence[Cell]:
    """Write it under the heads CSV."""
    if pulls is None:
        return (None,) * len(CSV)
    return (pulls.times, pulls.known_size, _seconds(pulls.seconds), _seconds(pulls.slowest))


def pulls_document(pulls: Pulls | None) -> JsonDocument | None:
    """Write it for other programs; None where nothing is known."""
    if pulls is None:
        return None
    return {
        "times": pulls.times,
        "bytes": pulls.known_size,
        "timesWithoutBytes": pulls.without_size,
        "seconds": _seconds(pulls.seconds),
        "waitedSeconds": _seconds(pulls.waited),
        "slowestSeconds": _seconds(pulls.slowest),
    }


def _seconds(seconds: float) -> float:
    return round(seconds, 3)


def _took(seconds: float) -> str:
    return format_duration(round(seconds) if seconds >= _ROUNDED_FROM else round(seconds, 1))
