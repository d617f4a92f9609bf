"""Who fills the nodes' disks, as a table: a bounded number of rows, and what all others come to."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from slimgate.cli.check.reports.report import count
from slimgate.cli.shared.cells import bar, plain_table
from slimgate.cli.shared.forms import By
from slimgate.cli.usage.bill import Bill, money_text
from slimgate.cli.usage.pulled import SLOWEST, pull_cells
from slimgate.cli.usage.pulled import WIDE as PULLS
from slimgate.cli.usage.rows import Row, together
from slimgate.cli.usage.scope import scope_text
from slimgate.cli.usage.who import Who
from slimgate.core.quantity import format_bytes
from slimgate.core.text import printable


def who_table(
    found: Who, bill: Bill, *, number: int = 20, wide: bool = False, bars: bool = False
) -> RenderableType:
    """Write one row a name, `number` of them at most, and what is in none of them."""
    shown, others = found.rows[:number], found.rows[number:]
    parts: list[RenderableType] = []
    if found.rows:
        parts.append(_table(found, shown, others, bill, wide=wide, bars=bars))
    parts += [Text(f"note: {note}", style="dim") for note in found.notes]
    if found.missing:
        text = f"{count(found.missing, 'image')} on nodes could not be looked up"
        parts.append(Text(f"{text}; so there is more on their disks", style="yellow"))
    return Group(*parts, Text(_summary(found, len(others), bill), style="bold"))


def _table(
    found: Who,
    shown: Sequence[Row],
    others: Sequence[Row],
    bill: Bill,
    *,
    wide: bool,
    bars: bool,
) -> Table:
    alone = wide and found.by is By.IMAGE and found.namespace is None
    pulls = _pull_heads(found, wide=wide)
    table = plain_table(
        "ON DISK",
        *([""] if bars else []),
        *(("COMPRESSED", "UNPACKED") if wide else ()),
        *("UNUSED", "OVER LIMIT"),
        *(["EXCLUSIVE"] if alone else []),
        *(["REGISTRY"] if wide and found.registry is not None else []),
        *(["COST"] if bill.months is not None else []),
        *pulls,
        *(["PULL COST"] if bill.pulls is not None else []),
        *("NODES", "CONTAINERS", found.by.value.upper()),
    )
    largest = max((row.share.disk for row in shown), default=0)

    def add(row: Row, *members: Row, dim: bool = False) -> None:
        share, unused, over = row.share, row.known_unused, row.known_over
        mark, costly = "" if row.complete else ">= ", members or (row,)
        cells = [
            Text("unknown" if row.known is None else mark + format_bytes(share.disk)),
            *([Text() if dim else bar(share.disk, largest)] if bars else []),
            *(_forms(row) if wide else []),
            _size(None if unused is None else unused.disk),
            _size(None if over is None else over.disk),
            *([_size(row.exclusive)] if alone else []),
            *([_size(row.registry)] if wide and found.registry is not None else []),
            *(
                [Text(money_text(None if row.known is None else bill.month(*costly)))]
                if bill.months is not None
                else []
            ),
            *(pull_cells(row.pulls, wide=wide) if pulls else []),
            *([Text(money_text(bill.pulled(*costly)))] if bill.pulls is not None else []),
            Text(str(len(row.nodes)) if row.nodes else "-"),
            Text(str(row.containers)),
            Text(printable(row.name) or "without a name"),
        ]
        table.add_row(*cells, style="dim" if dim else "" if row.complete else "yellow")

    for row in shown:
        add(row)
    if others:
        add(_all(others), *others, dim=True)
    for row in found.rest:
        if row.share.disk:
            add(row, dim=True)
    return table


def _pull_heads(found: Who, *, wide: bool) -> Sequence[str]:
    """Choose what is shown of pulls: little where no slow start is looked for."""
    if found.rows[0].pulls is None:
        return ()
    return PULLS if wide else (SLOWEST,) if found.by in {By.IMAGE, By.NODE} else ()


def _forms(row: Row) -> Sequence[Text]:
    share = row.known
    return [Text("-")] * 2 if share is None else [_size(share.compressed), _size(share.unpacked)]


def _all(rows: Sequence[Row]) -> Row:
    all_of = reduce(together, rows)
    return replace(all_of, name=f"({len(rows)} others)")


def _summary(found: Who, others: int, bill: Bill) -> str:
    if not found.nodes:
        return "no node has these labels"
    words = found.by.value if found.by.value != "base" else "tier of bases"
    where = scope_text(found.namespace)
    month = bill.month(*found.rows, *found.rest)
    cost = "" if month is None else f", {money_text(month)} a month"
    more = f"; {others} more with --limit" if others else ""
    total = f"{'' if found.exact else 'at least '}{format_bytes(found.total.disk)} of images"
    if not found.exact and not found.total.disk:
        total = "nothing is known of images"
    nodes = count(found.nodes, "node")
    return f"{total} on {nodes} in {where}, by {words}{cost}{more}"


def _size(size: int | None) -> Text:
    return Text("-" if size is None else format_bytes(size))
