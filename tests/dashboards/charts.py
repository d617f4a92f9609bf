"""Grafana's kinds of panels, drawn from answers."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import cycle
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from tests.dashboards.answers import Answered, Json
from tests.dashboards.canvas import COLORS, EDGE, INK, MUTED, SERIES, Box, Canvas
from tests.dashboards.tables import table
from tests.dashboards.units import shown

Series = tuple[str, str, Sequence[tuple[float, float]]]
_LEGEND: Final = 0.19
_LEGEND_ROWS: Final = 3
_NO_DATA: Final = "No data"
_TIMES: Final = (15, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
_MARKS: Final = 6


def draw(canvas: Canvas, box: Box, one: Answered) -> None:
    """Draw what a panel shows into its place."""
    if all(answer.is_empty for answer in one.answers) and one.panel["type"] != "stat":
        text = one.panel["fieldConfig"]["defaults"].get("noValue", _NO_DATA)
        canvas.plane(box).text(
            box.width / 2, box.height / 2, text, color=MUTED, size=11, ha="center", va="center"
        )
        return
    _DRAW[one.panel["type"]](canvas, box, one)


def _stat(canvas: Canvas, box: Box, one: Answered) -> None:
    """Write the last value over its course."""
    defaults = one.panel["fieldConfig"]["defaults"]
    lines = [values for answer in one.answers for _, values in answer.lines]
    value = lines[0][-1][1] if lines else math.nan
    color = _threshold(defaults, value) if lines else MUTED
    if lines and len(lines[0]) > 1:
        axes = canvas.axes(box.inside(top=box.height * 0.55))
        axes.set_axis_off()
        times, values = zip(*lines[0], strict=True)
        axes.fill_between(times, values, min(values), color=color, alpha=0.18, linewidth=0)
        axes.plot(times, values, color=color, linewidth=1)
        axes.set(xlim=(times[0], times[-1]))
        axes.margins(y=0.15)
    text = shown(value, one.unit, defaults.get("decimals")) if lines else defaults["noValue"]
    plane = canvas.plane(box)
    plane.text(box.width / 2, box.height * 0.4, text, color=color, size=21 if lines else 13,
               ha="center", va="center", weight="bold")  # fmt: skip


def _threshold(defaults: Json, value: float) -> str:
    steps = defaults["thresholds"]["steps"]
    passed = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
    return COLORS[passed[-1]]


def _lines(canvas: Canvas, box: Box, one: Answered) -> None:
    found = _series(one)
    custom = one.panel["fieldConfig"]["defaults"]["custom"]
    rows = _legend(canvas, box, found)
    axes = canvas.axes(box.inside(left=0.62, right=0.08, top=0.06, bottom=0.22 + rows * _LEGEND))
    if custom.get("stacking", {}).get("mode") == "normal":
        _stacked(axes, found)
    else:
        for _, color, values in found:
            times, heights = [at for at, _ in values], [value for _, value in values]
            axes.plot(times, heights, color=color, linewidth=1.3)
            alone = _alone(heights)
            axes.plot([times[at] for at in alone], [heights[at] for at in alone], ".", color=color)
            axes.fill_between(times, heights, color=color, alpha=0.06, linewidth=0)
    _limits(axes, one)
    _time_axis(axes, one)
    axes.set_ylim(bottom=0)
    most = one.panel["fieldConfig"]["defaults"].get("max")
    if most or not any(v for *_, values in found for _, v in values):
        axes.set_ylim(0, most or 1)
    if one.unit == "bytes":
        axes.yaxis.set_major_locator(FixedLocator(_round_bytes(axes.get_ylim()[1])))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: shown(value, one.unit)))


def _alone(heights: Sequence[float]) -> list[int]:
    """Find points with no neighbour, of which a line shows nothing."""
    there = [False, *(not math.isnan(height) for height in heights), False]
    return [at - 1 for at in range(1, len(there) - 1) if there[at - 1 : at + 2] == [0, 1, 0]]


def _round_bytes(top: float) -> list[float]:
    """Choose three to six marks that are powers of two."""
    step = 2.0 ** math.floor(math.log2(max(top, 4) / 3))
    return [number * step for number in range(math.floor(top / step) + 1)]


def _series(one: Answered) -> list[Series]:
    """Name and colour every line, as Grafana orders them: by query, then by labels."""
    overrides = {
        override["matcher"]["options"]: COLORS[prop["value"]["fixedColor"]]
        for override in one.panel["fieldConfig"].get("overrides", [])
        for prop in override["properties"]
        if prop["id"] == "color"
    }
    colors = cycle(SERIES)
    found = []
    for answer in one.answers:
        for name, (_, values) in zip(answer.names(), answer.lines, strict=True):
            color = next(colors)
            found.append((name, overrides.get(name, color), values))
    return found


def _stacked(axes: Axes, found: Sequence[Series]) -> None:
    times = sorted({at for *_, values in found for at, _ in values})
    base = [0.0] * len(times)
    for _, color, values in found:
        held = {at: value for at, value in values if not math.isnan(value)}
        top = [low + held.get(at, 0) for low, at in zip(base, times, strict=True)]
        axes.fill_between(times, base, top, color=color, alpha=0.6, linewidth=0)
        axes.plot(times, top, color=color, linewidth=0.9)
        base = top


def _limits(axes: Axes, one: Answered) -> None:
    """Draw lines at thresholds where the panel asks for them."""
    defaults = one.panel["fieldConfig"]["defaults"]
    if defaults["custom"].get("thresholdsStyle", {}).get("mode") == "line":
        for step in defaults["thresholds"]["steps"]:
            if step["value"] is not None:
                axes.axhline(step["value"], color=COLORS[step["color"]], linewidth=1)


def _time_axis(axes: Axes, one: Answered) -> None:
    """Show the whole time, with marks at round ones."""
    start, end = one.span.start, one.span.end
    step = next((each for each in _TIMES if (end - start) / each < _MARKS), _TIMES[-1])
    axes.xaxis.set_major_locator(
        FixedLocator([*range(int(start // step + 1) * step, int(end), step)])
    )
    axes.set_xlim(start, end)
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda at, _: f"{datetime.fromtimestamp(at, UTC):%H:%M}")
    )
    axes.grid(color=EDGE, linewidth=0.6)


def _legend(canvas: Canvas, box: Box, found: Sequence[Series]) -> int:
    """Write the names below the lines, and return how many rows that takes."""
    wanted = [(name, color, canvas.width_of(name, 7.5) + 0.34) for name, color, _ in found]
    rows: list[list[tuple[str, str, float]]] = [[]]
    for one in wanted:
        if rows[-1] and sum(width for *_, width in rows[-1]) + one[2] > box.width - 0.2:
            rows.append([])
        rows[-1].append(one)
    count = min(len(rows), _LEGEND_ROWS)
    plane = canvas.plane(box)
    for number, row in enumerate(rows[:count]):
        y, x = box.height - (count - number - 0.5) * _LEGEND, 0.12
        for name, color, width in row:
            plane.plot([x, x + 0.13], [y, y], color=color, linewidth=2.4)
            plane.text(x + 0.18, y, canvas.shortened(name, 7.5, box.width - 0.5), color=INK,
                       size=7.5, va="center")  # fmt: skip
            x += width
    if len(rows) > count:
        plane.text(box.width - 0.1, box.height - 0.5 * _LEGEND, "…", color=MUTED, ha="right",
                   va="center")  # fmt: skip
    return count


def _bars(canvas: Canvas, box: Box, one: Answered) -> None:
    """Draw one bar a name, in the order of the answer."""
    defaults = one.panel["fieldConfig"]["defaults"]
    found = [
        (name, value)
        for answer in one.answers
        for name, (_, value) in zip(answer.names(), answer.rows, strict=True)
    ]
    names = max(canvas.width_of(name, 8) for name, _ in found) + 0.15
    texts = [shown(value, one.unit) for _, value in found]
    room = max(canvas.width_of(text, 9, bold=True) for text in texts) + 0.15
    most = max((value for _, value in found), default=1) or 1
    plane = canvas.plane(box)
    each = min(0.34, box.height / len(found))
    for number, (name, value) in enumerate(found):
        y, color = (number + 0.5) * each, _threshold(defaults, value)
        plane.text(names - 0.08, y, name, color=INK, size=8, ha="right", va="center")
        whole = box.width - names - room - 0.1
        for width, alpha in ((whole, 0.12), (whole * value / most, 0.85)):
            plane.barh(y, width, left=names, height=each * 0.72, color=color, alpha=alpha)
        plane.text(box.width - 0.08, y, texts[number], color=color, size=9, ha="right",
                   va="center", weight="bold")  # fmt: skip


def _heatmap(canvas: Canvas, box: Box, one: Answered) -> None:
    """Colour each bucket by what fell into it."""
    lines = sorted(
        ((float(labels["le"]), dict(values)) for a in one.answers for labels, values in a.lines),
        key=lambda pair: pair[0],
    )
    times = sorted({at for _, values in lines for at in values})
    below, grid = [0.0] * len(times), []
    for _, values in lines:
        here = [values.get(at, 0.0) for at in times]
        grid.append([max(0.0, now - low) for now, low in zip(here, below, strict=True)])
        below = here
    axes = canvas.axes(box.inside(left=0.62, right=0.08, top=0.06, bottom=0.25))
    shade = [[value or math.nan for value in row] for row in grid]
    axes.pcolormesh(times, range(len(grid)), shade, cmap="Oranges_r", shading="nearest")
    axes.set_yticks(range(0, len(lines), 2), [shown(le, "s") for le, _ in lines[::2]])
    _time_axis(axes, one)


_DRAW: Final[Mapping[str, Callable[[Canvas, Box, Answered], None]]] = {
    "stat": _stat,
    "timeseries": _lines,
    "bargauge": _bars,
    "table": table,
    "heatmap": _heatmap,
}
