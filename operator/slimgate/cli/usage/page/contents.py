"""What the page shows: five tables, and of each node's disk whose every byte is."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from slimgate.cli.shared.forms import By
from slimgate.cli.usage.bill import bill_of, money_figure
from slimgate.cli.usage.rows import UNKNOWN_BASE
from slimgate.cli.usage.who import Who, who
from slimgate.core.json_object import JsonDocument
from slimgate.core.nodes.disk import ImageDisk, NodeDisk
from slimgate.core.nodes.fleet import Fleet, fleet_of, image_name
from slimgate.core.nodes.node import WorkloadName
from slimgate.core.nodes.over_limits import Limits, OverLimits, over_limits
from slimgate.core.nodes.prices import Prices
from slimgate.core.nodes.pulls import PullTable
from slimgate.core.nodes.space import space_of
from slimgate.core.nodes.stored import Stored
from slimgate.core.text import printable

MAX_ROWS: Final = 5_000
"""Rows of a table, so that the file stays small enough to open; the smallest are left out."""
MAX_CELLS: Final = 60
"""Parts of a node's disk that are drawn alone; more could not be told apart."""
_USERS: Final = 4
"""Workloads that are named with an image."""
_NAME: Final = 256
KINDS: Final = (
    "of one image alone", "shared by images", "unused", "over limits", "the pods' sandboxes",
    "of no known image",
)  # fmt: skip
_ALONE, _SHARED, _UNUSED, _OVER, _PINNED, _UNEXPLAINED = range(len(KINDS))
_OTHERS: Final = -1
"""Stands for the smallest images, and for no image, among places of images."""


Cell = tuple[str, int, int]
"""The name of an image, the kind of its part, and bytes."""
TableRow = list[str | int | float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskReport:
    """What was found; without limits nothing is known of what is over them, nor of pulls."""

    disks: Sequence[NodeDisk]
    limits: Limits | None = None
    pulls: PullTable | None = None
    notes: Sequence[str] = ()
    prices: Prices = field(default_factory=Prices)

    @property
    def exact(self) -> bool:
        """Whether the total is no lower bound."""
        return all(disk.complete or disk.scale.measured is not None for disk in self.disks)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskContents:
    """What was made of it: the fleet, and of each node the parts of its disk and what is over."""

    report: DiskReport
    fleet: Fleet
    over: Sequence[OverLimits | None]
    cells: Sequence[Sequence[Cell]]

    @property
    def won(self) -> int | None:
        """What would be won if every image were at its limits; None where limits aren't known."""
        if self.report.limits is None:
            return None
        return sum(one.total.disk for one in self.over if one is not None)

    def document(self) -> JsonDocument:
        """Write it for the page's script; images stand in a list, and elsewhere by their place."""
        places: dict[str, int] = {}
        nodes = [
            _node(disk.node, cells, places)
            for disk, cells in zip(self.report.disks, self.cells, strict=True)
        ]
        return {
            "kinds": list(KINDS),
            "others": "(others)",
            "images": list(places),
            "nodes": nodes,
            "tables": [
                _nodes(self),
                _images(self),
                *(_users(self, by) for by in (By.WORKLOAD, By.NAMESPACE, By.BASE)),
            ],
        }


def contents_of(report: DiskReport) -> DiskContents:
    """Add up, once."""
    limits = report.limits
    over = [None if limits is None else over_limits(disk, limits) for disk in report.disks]
    return DiskContents(
        report=report,
        fleet=fleet_of(report.disks),
        over=over,
        cells=[
            sorted(_cells(disk, one), key=lambda cell: -cell[2])
            for disk, one in zip(report.disks, over, strict=True)
        ],
    )


def _cells(disk: NodeDisk, over: OverLimits | None) -> Iterator[Cell]:
    """Yield what is on a disk; together that is all."""
    won = {} if over is None else over.images
    for place, (image, share) in enumerate(zip(disk.images, disk.owners.images, strict=True)):
        own = disk.scale.of(image.own).disk
        beyond = won[place].disk if place in won else 0
        for kind, size in _parts(image, share.disk, own, beyond):
            if size:
                yield _shown(image_name(image.names)), kind, size
    if disk.owners.unexplained:
        yield "", _UNEXPLAINED, disk.owners.unexplained


def _parts(image: ImageDisk, share: int, own: int, over: int) -> Iterator[tuple[int, int]]:
    """Part an image's share; what is over limits is taken of what is its alone first."""
    if not image.uses:
        yield (_PINNED if image.pinned else _UNUSED), share
        return
    over = min(over, share)
    alone = max(min(own, share) - over, 0)
    yield _OVER, over
    yield _ALONE, alone
    yield _SHARED, share - over - alone


def _node(name: str, cells: Sequence[Cell], places: dict[str, int]) -> JsonDocument:
    drawn = [
        [places.setdefault(name, len(places)) if name else _OTHERS, kind, size]
        for name, kind, size in cells[:MAX_CELLS]
    ]
    rest = _sums(cells[MAX_CELLS:])
    drawn += [[_OTHERS, kind, size] for kind, size in enumerate(rest) if size]
    return {"name": _shown(name), "cells": drawn}


def _sums(cells: Iterable[Cell]) -> list[int]:
    sums = [0] * len(KINDS)
    for _, kind, size in cells:
        sums[kind] += size
    return sums


def _nodes(contents: DiskContents) -> JsonDocument:
    rows: list[TableRow] = []
    for disk, over, cells in zip(contents.report.disks, contents.over, contents.cells, strict=True):
        space, sums = space_of(disk), _sums(cells)
        won = None if over is None else sums[_OVER]
        sizes: tuple[int | None, ...] = (
            space.images, sums[_ALONE], sums[_SHARED], sums[_UNUSED], won,
        )  # fmt: skip
        if disk.unknown:
            sizes = (space.images or None, *(None,) * len(sizes[1:]))
        left = (space.available, space.obtainable, space.capacity)
        rows.append([_shown(disk.node), *sizes, *left, len(disk.images), space.exact])
    columns = (
        "On disk", "Exclusive", "Shared", "Unused", "Over limits", "Available",
        "Available or unused", "Capacity",
    )  # fmt: skip
    return _table("Nodes", ("Node", *columns), ("Images",), rows)


def _images(contents: DiskContents) -> JsonDocument:
    users: dict[str, set[WorkloadName]] = {}
    won: dict[str, int] = {}
    for disk, over in zip(contents.report.disks, contents.over, strict=True):
        for place, image in enumerate(disk.images):
            key = image.digest or image_name(image.names)
            users.setdefault(key, set()).update(name for name, _ in image.uses)
            if over is not None and place in over.images:
                won[key] = won.get(key, 0) + over.images[place].disk
    rows: list[TableRow] = []
    for one in contents.fleet.images:
        key = one.digest or one.name
        over_limit = None if contents.report.limits is None else won.get(key, 0)
        parts = (one.share.disk, one.exclusive.disk, one.shared.disk, one.unused.disk, over_limit)
        unknown = one.unknown_on and not one.share.disk
        sizes = (None,) * len(parts) if unknown else parts
        tier = UNKNOWN_BASE if one.tier is None else one.tier.label
        who_runs = _runners(users[key])
        rows.append(
            [
                _shown(one.name),
                *sizes,
                one.nodes,
                one.containers,
                tier,
                who_runs,
                not one.unknown_on,
            ]
        )
    columns = ("On disk, its share", "Exclusive", "Shared", "Unused", "Over limits")
    return _table("Images", ("Image", *columns), ("Nodes", "Containers"), rows, ("Base", "Used by"))


def _runners(users: Collection[WorkloadName]) -> str:
    names = [f"{kind.lower()} {namespace}/{name}" for namespace, kind, name in sorted(users)]
    more = f" and {len(names) - _USERS} more" if len(names) > _USERS else ""
    return ", ".join(map(_shown, names[:_USERS])) + more


def _users(contents: DiskContents, by: By) -> JsonDocument:
    report = contents.report
    found = who(report.disks, by, over=contents.over, pulls=report.pulls)
    rows: list[TableRow] = [
        [
            _shown(row.name), *map(_bytes, (row.known, row.known_unused, row.known_over)),
            len(row.nodes), row.containers, row.complete,
        ]
        for row in found.rows
    ]  # fmt: skip
    money = _money(found, report.prices)
    for row, amounts in zip(rows, zip(*money.values(), strict=True), strict=False):
        row[-1:-1] = amounts
    columns = (by.value.capitalize(), "On disk, its share", "Unused", "Over limits")
    return _table(f"{by.value.capitalize()}s", columns, ("Nodes", "Containers"), rows, money=money)


def _money(found: Who, prices: Prices) -> Mapping[str, Sequence[float | None]]:
    """Write columns of what rows cost, as far as there are prices."""
    bill = bill_of(found, prices)
    columns = {
        "Cost a month": [
            None if row.known is None else money_figure(bill.month(row)) for row in found.rows
        ],
        "Cost of pulls": [money_figure(bill.pulled(row)) for row in found.rows],
    }
    none = {"Cost a month": bill.months is None, "Cost of pulls": not bill.pulls}
    return {title: column for title, column in columns.items() if not none[title]}


def _bytes(stored: Stored | None) -> int | None:
    return None if stored is None else stored.disk


def _shown(name: str) -> str:
    return printable(name, _NAME) or "without a name"


def _table(
    title: str,
    sizes: Sequence[str],
    numbers: Iterable[str],
    rows: list[TableRow],
    texts: Iterable[str] = (),
    *,
    money: Iterable[str] = (),
) -> JsonDocument:
    """Write a table, the largest first; each row ends with whether it is no lower bound."""
    forms = (
        ("text", sizes[:1]),
        ("bytes", sizes[1:]),
        ("number", numbers),
        ("money", money),
        ("text", texts),
    )
    rows.sort(key=lambda row: -int(row[1] or 0))
    return {
        "title": title,
        "columns": [{"title": one, "form": form} for form, titles in forms for one in titles],
        "rows": rows[:MAX_ROWS],
        "omitted": len(rows[MAX_ROWS:]),
    }
