"""Draws a dashboard from real answers, laid out as Grafana lays it out.

Grafana itself can't be had from package registries; this shows the same queries, units and places.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.dashboards.answers import Answered, Json
from tests.dashboards.canvas import Box, Canvas
from tests.dashboards.charts import draw as draw_panel

_COLUMN: Final = 0.6
"""Inches of one of Grafana's 24 columns."""
_LINE: Final = 0.37
"""Inches of one of its lines."""
_GAP: Final = 0.04
_HEAD: Final = 0.55
_TITLE: Final = 0.3
_SIZE: Final = 9.5


def draw(page: Json, answered: Sequence[Answered], target: Path) -> None:
    """Write a PNG of the dashboard."""
    bottom = max(one["gridPos"]["y"] + one["gridPos"]["h"] for one in page["panels"])
    canvas = Canvas(24 * _COLUMN + 2 * _GAP, bottom * _LINE + _HEAD + _GAP)
    canvas.text(0.12, _HEAD / 2, page["title"], 14, bold=True)
    for row in (one for one in page["panels"] if one["type"] == "row"):
        box = _box(row["gridPos"])
        canvas.text(box.left + 0.08, box.top + box.height / 2, row["title"], 10.5, bold=True)
    for one in answered:
        _panel(canvas, one)
    canvas.save(target)


def _panel(canvas: Canvas, one: Answered) -> None:
    box = _box(one.panel["gridPos"])
    canvas.card(box)
    title = canvas.shortened(one.title, _SIZE, box.width - 0.2, bold=True)
    canvas.text(box.left + 0.1, box.top + _TITLE / 2 + 0.02, title, _SIZE, bold=True)
    draw_panel(canvas, box.inside(left=0.05, right=0.05, top=_TITLE, bottom=0.06), one)


def _box(spot: Mapping[str, int]) -> Box:
    """Turn a place on Grafana's grid into one in the picture."""
    return Box(
        left=spot["x"] * _COLUMN + 2 * _GAP,
        top=spot["y"] * _LINE + _HEAD,
        width=spot["w"] * _COLUMN - 2 * _GAP,
        height=spot["h"] * _LINE - 2 * _GAP,
    )
