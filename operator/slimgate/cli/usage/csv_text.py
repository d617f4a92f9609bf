"""Rows for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from slimgate.core.text import printable

Cell = str | int | float | bool | None

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would compute: https://owasp.org/www-community/attacks/CSV_Injection."""
_MAX_TEXT: Final = 1_024


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Write rows with a header, by RFC 4180 but for the ends of lines; texts are but texts."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return file.getvalue()


def _cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case str():
            text = printable(cell, _MAX_TEXT)
            return f"'{text}" if text.startswith(_FORMULAS) else text
        case _:
            return str(cell)
