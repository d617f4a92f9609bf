"""Who fills the nodes' disks, for other programs: a document, or rows for a spreadsheet."""

from collections.abc import Sequence
from typing import Final

from slimgate.cli.usage.csv_text import Cell, csv_text
from slimgate.cli.usage.usage_json import SCHEMA, stored_document
from slimgate.cli.usage.who import Row, Who
from slimgate.core.json_object import JsonDocument
from slimgate.core.nodes.prices import Money
from slimgate.core.nodes.stored import NOTHING

_COLUMNS: Final = (
    "name", "diskBytes", "compressedBytes", "unpackedBytes", "unusedBytes", "overLimitBytes",
    "monthlyCost", "nodes", "containers", "complete",
)  # fmt: skip


def who_document(found: Who, money: Money, *, number: int | None = None) -> JsonDocument:
    """Write the rows, the largest first, `number` of them at most, and what is in none."""
    shown, others = found.rows[:number], found.rows[number:] if number else ()
    return {
        "schema": SCHEMA,
        "by": found.by.value,
        "namespace": found.namespace,
        "nodes": found.nodes,
        "total": stored_document(found.total),
        "complete": found.exact,
        "monthlyCost": money.of(found.total),
        "unused": stored_document(found.unused),
        "pinned": stored_document(found.pinned),
        "unexplainedBytes": found.unexplained,
        "imagesWithoutFacts": found.missing,
        "omitted": len(others),
        "others": stored_document(sum((row.share for row in others), NOTHING)),
        "notes": list(found.notes),
        "rows": [_row(row, money) for row in shown],
    }


def who_csv(found: Who, money: Money, *, number: int | None = None) -> str:
    """Write the rows alone."""
    return csv_text(_COLUMNS, (_cells(row, money) for row in found.rows[:number]))


def _cells(row: Row, money: Money) -> Sequence[Cell]:
    share = row.known
    return (
        row.name,
        *((None,) * 3 if share is None else (share.disk, share.compressed, share.unpacked)),
        row.unused.disk,
        None if row.over is None else row.over.disk,
        None if share is None else money.of(share),
        len(row.nodes),
        row.containers,
        row.complete,
    )


def _row(row: Row, money: Money) -> JsonDocument:
    share = row.known
    return {
        "name": row.name,
        "share": None if share is None else stored_document(share),
        "unused": stored_document(row.unused),
        "overLimit": None if row.over is None else stored_document(row.over),
        "monthlyCost": None if share is None else money.of(share),
        "nodes": len(row.nodes),
        "containers": row.containers,
        "complete": row.complete,
    }
