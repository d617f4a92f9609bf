"""Who fills the nodes' disks, for other programs: a document, or rows for a spreadsheet."""

from collections.abc import Sequence
from typing import Final

from slimgate.cli.usage.bill import Bill, money_figure
from slimgate.cli.usage.csv_text import Cell, csv_text
from slimgate.cli.usage.pulled import CSV as PULLS
from slimgate.cli.usage.pulled import pulls_csv, pulls_document
from slimgate.cli.usage.rows import Row
from slimgate.cli.usage.usage_json import SCHEMA, stored_document
from slimgate.cli.usage.who import Who
from slimgate.core.json_object import JsonDocument
from slimgate.core.nodes.stored import NOTHING

_COLUMNS: Final = (
    "name", "diskBytes", "compressedBytes", "unpackedBytes", "unusedBytes", "overLimitBytes",
    "exclusiveBytes", "registryBytes", "monthlyCost", *PULLS, "pullCost", "nodes", "containers",
    "complete",
)  # fmt: skip


def who_document(found: Who, bill: Bill, *, number: int | None = None) -> JsonDocument:
    """Write the rows, the largest first, `number` of them at most, and what is in none."""
    shown, others = found.rows[:number], found.rows[number:] if number else ()
    return {
        "schema": SCHEMA,
        "by": found.by.value,
        "namespace": found.namespace,
        "nodes": found.nodes,
        "total": stored_document(found.total),
        "complete": found.exact,
        "registryBytes": found.registry,
        "monthlyCost": money_figure(bill.month(*found.rows, *found.rest)),
        "pullCost": money_figure(bill.pulled(*found.rows)),
        "unused": stored_document(found.unused.share),
        "pinned": stored_document(found.pinned.share),
        "unexplainedBytes": found.unexplained,
        "imagesWithoutFacts": found.missing,
        "omitted": len(others),
        "others": stored_document(sum((row.share for row in others), NOTHING)),
        "notes": list(found.notes),
        "rows": [_row(row, bill) for row in shown],
    }


def who_csv(found: Who, bill: Bill, *, number: int | None = None) -> str:
    """Write the rows alone."""
    return csv_text(_COLUMNS, (_cells(row, bill) for row in found.rows[:number]))


def _cells(row: Row, bill: Bill) -> Sequence[Cell]:
    share = row.known
    return (
        row.name,
        *((None,) * 3 if share is None else (share.disk, share.compressed, share.unpacked)),
        None if (unused := row.known_unused) is None else unused.disk,
        None if (over := row.known_over) is None else over.disk,
        row.exclusive,
        row.registry,
        None if share is None else money_figure(bill.month(row)),
        *pulls_csv(row.pulls),
        None if row.pulls is None else money_figure(bill.pulled(row)),
        len(row.nodes),
        row.containers,
        row.complete,
    )


def _row(row: Row, bill: Bill) -> JsonDocument:
    share = row.known
    return {
        "name": row.name,
        "share": None if share is None else stored_document(share),
        "unused": None if (unused := row.known_unused) is None else stored_document(unused),
        "overLimit": None if (over := row.known_over) is None else stored_document(over),
        "exclusiveBytes": row.exclusive,
        "registryBytes": row.registry,
        "monthlyCost": None if share is None else money_figure(bill.month(row)),
        "pulls": pulls_document(row.pulls),
        "pullCost": None if row.pulls is None else money_figure(bill.pulled(row)),
        "nodes": len(row.nodes),
        "containers": row.containers,
        "complete": row.complete,
    }
