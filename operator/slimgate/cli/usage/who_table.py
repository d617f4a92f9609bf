"""Who fills the nodes' disks, as a table: a bounded number of rows, and what all others come to."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from slimgate.cli.check.reports.report import count
from slimgate.cli.shared.cells import bar, plain_table
from slimgate.cli.usage.scope import scope_text
from slimgate.cli.usage.who import Row, Who
from slimgate.core.nodes.prices import Money
from slimgate.core.nodes.stored import NOTHING, Stored
from slimgate.core.quantity import format_bytes
from slimgate.core.text import printable


def who_table(
    found: Who, money: Money, *, number: int = 20, wide: bool = False, bars: bool = False
) -> RenderableType:
    """Write one row a name, `number` of them at most, and what is in none of them."""
    shown, others = found.rows[:number], found.rows[number:]
    parts: list[RenderableType] = []
    if found.rows:
        parts.append(_table(found, shown, others, money, wide=wide, bars=bars))
    parts += [Text(f"note: {note}", style="dim") for note in found.notes]
    if found.missing:
        text = f"{count(found.missing, 'image')} on nodes could not be looked up"
        parts.append(Text(f"{text}; so there is more on their disks", style="yellow"))
    return Group(*parts, Text(_summary(found, len(others), money), style="bold"))


def _table(
    found: Who,
    shown: Sequence[Row],
    others: Sequence[Row],
    money: Money,
    *,
    wide: bool,
    bars: bool,
) -> Table:
    table = plain_table(
        "ON DISK",
        *([""] if bars else []),
        *(("COMPRESSED", "UNPACKED") if wide else ()),
        *("UNUSED", "OVER LIMIT"),
        *(["COST"] if money.given else []),
        *("NODES", "CONTAINERS", found.by.value.upper()),
    )
    largest = max((row.share.disk for row in shown), default=0)

    def add(name: str, row: Row, *, dim: bool = False) -> None:
        share, over = row.share, row.over
        mark = "" if row.complete else ">= "
        cells = [
            Text("unknown" if row.known is None else mark + format_bytes(share.disk)),
            *([bar(share.disk, largest)] if bars else []),
            *([_size(share.compressed), _size(share.unpacked)] if wide else []),
            _size(row.unused.disk),
            Text("-") if over is None else _size(over.disk),
            *([Text(money.text(share))] if money.given else []),
            Text(str(len(row.nodes)) if row.nodes else "-"),
            Text(str(row.containers)),
            Text(name),
        ]
        table.add_row(*cells, style="dim" if dim else "" if row.complete else "yellow")

    for row in shown:
        add(printable(row.name) or "without a name", row)
    if others:
        add(f"({len(others)} others)", _all(others), dim=True)
    rest = (
        ("(unused images)", found.unused, found.unused),
        ("(the pods' sandboxes)", found.pinned, NOTHING),
        ("(no known image)", Stored(unpacked=found.unexplained), NOTHING),
    )
    for name, share, unused in rest:
        if share.disk:
            add(name, Row(name=name, share=share, unused=unused), dim=True)
    return table


def _all(rows: Sequence[Row]) -> Row:
    overs = [row.over for row in rows if row.over is not None]
    return Row(
        name="",
        share=sum((row.share for row in rows), NOTHING),
        unused=sum((row.unused for row in rows), NOTHING),
        over=sum(overs, NOTHING) if len(overs) == len(rows) else None,
        nodes=frozenset[str]().union(*(row.nodes for row in rows)),
        containers=sum(row.containers for row in rows),
        complete=all(row.complete for row in rows),
    )


def _summary(found: Who, others: int, money: Money) -> str:
    if not found.nodes:
        return "no node has these labels"
    words = found.by.value if found.by.value != "base" else "tier of bases"
    where = scope_text(found.namespace)
    cost = f", {money.text(found.total)} a month" if money.given else ""
    more = f"; {others} more with --limit" if others else ""
    total = f"{'' if found.exact else 'at least '}{format_bytes(found.total.disk)}"
    nodes = count(found.nodes, "node")
    return f"{total} of images on {nodes} in {where}, by {words}{cost}{more}"


def _size(size: int) -> Text:
    return Text(format_bytes(size))
