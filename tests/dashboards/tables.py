"""Grafana's tables: queries joined by their labels, as the transformations in the panel say."""

import math
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any, Final

from tests.dashboards.answers import Answered
from tests.dashboards.canvas import COLORS, EDGE, INK, Box, Canvas
from tests.dashboards.units import shown

_ROW: Final = 0.27
_SIZE: Final = 8.5

Cell = str | float


def table(canvas: Canvas, box: Box, one: Answered) -> None:
    """Write headings and as many rows as there is room for."""
    headings, rows = cells(one)
    units = _units(one)
    texts = [
        [shown(cell, units.get(head, one.unit)) if isinstance(cell, float) else cell
         for head, cell in zip(headings, row, strict=True)]
        for row in rows[: math.floor(box.height / _ROW) - 1]
    ]  # fmt: skip
    wide = [
        max(canvas.width_of(text, _SIZE) for text in column) + 0.25
        for column in zip(headings, *texts, strict=True)
    ]
    spare = (box.width - sum(wide)) / len(wide)
    plane = canvas.plane(box)
    for number, line in enumerate([headings, *texts]):
        y, x = (number + 0.5) * _ROW, 0.1
        color, weight = (COLORS["blue"], "bold") if number == 0 else (INK, "normal")
        for width, text in zip(wide, line, strict=True):
            fits = canvas.shortened(text, _SIZE, width + spare - 0.08)
            plane.text(x, y, fits, color=color, size=_SIZE, va="center", weight=weight)
            x += width + spare
        plane.plot([0, box.width], [y + _ROW / 2] * 2, color=EDGE, linewidth=0.8)


def cells(one: Answered) -> tuple[Sequence[str], list[list[Cell]]]:
    """Join the queries' rows, and return headings and rows in the panel's order."""
    organize = one.panel["transformations"][-1]["options"]
    order: Mapping[str, int] = organize["indexByName"]
    names = {name: organize["renameByName"][name] for name in sorted(order, key=order.__getitem__)}
    labels = [name for name in names if not name.startswith("Value")]
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for letter, answer in zip(ascii_uppercase, one.answers, strict=False):
        value_name = "Value" if len(one.answers) == 1 else f"Value #{letter}"
        for found, value in answer.rows:
            key = tuple(found.get(label, "") for label in labels)
            rows.setdefault(key, dict(zip(labels, key, strict=True)))[value_name] = value
    # Grafana has no column of a label that nothing has.
    filled = [name for name in names if any(row.get(name, "") != "" for row in rows.values())]
    return [names[name] for name in filled], [
        [row.get(name, "") for name in filled] for row in rows.values()
    ]


def _units(one: Answered) -> dict[str, str]:
    """Return the units of columns that have one of their own."""
    return {
        override["matcher"]["options"]: prop["value"]
        for override in one.panel["fieldConfig"].get("overrides", [])
        for prop in override["properties"]
        if prop["id"] == "unit"
    }
