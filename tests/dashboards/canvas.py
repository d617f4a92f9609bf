"""A picture in inches from its upper left corner, in Grafana's dark colours."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

INK: Final = "#ccccdc"
MUTED: Final = "#8e8e99"
GROUND: Final = "#111217"
CARD: Final = "#181b1f"
EDGE: Final = "#2a2d33"
COLORS: Final[Mapping[str, str]] = {
    "green": "#73bf69",
    "yellow": "#fade2a",
    "orange": "#ff9830",
    "red": "#f2495c",
    "blue": "#5794f2",
    "purple": "#b877d9",
    "dark-red": "#c4162a",
    "dark-orange": "#fa6400",
    "dark-purple": "#8f3bb8",
    "light-blue": "#8ab8ff",
    "text": INK,
}
SERIES: Final = (
    "#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#705da0",
    "#37872d", "#fade2a", "#447ebc", "#c15c17", "#890f02", "#0a437c", "#6d1f62",
)  # fmt: skip
"""Grafana's classic palette, in its order."""
POINT: Final = 1 / 72
_DPI: Final = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in inches, from the upper left."""

    left: float
    top: float
    width: float
    height: float

    def inside(
        self, *, left: float = 0, top: float = 0, right: float = 0, bottom: float = 0
    ) -> "Box":
        """Return it without margins."""
        return Box(
            left=self.left + left,
            top=self.top + top,
            width=self.width - left - right,
            height=self.height - top - bottom,
        )


class Canvas:
    """One picture."""

    def __init__(self, width: float, height: float) -> None:
        self.figure = Figure(figsize=(width, height), dpi=_DPI, facecolor=GROUND)
        self._agg = FigureCanvasAgg(self.figure)
        self._width, self._height = width, height

    def axes(self, box: Box) -> Axes:
        """Make bare axes of a box."""
        low = 1 - (box.top + box.height) / self._height
        axes = self.figure.add_axes(
            (box.left / self._width, low, box.width / self._width, box.height / self._height)
        )
        axes.set_facecolor("none")
        axes.tick_params(colors=MUTED, labelsize=7.5, length=0)
        for side in axes.spines.values():
            side.set_visible(False)
        return axes

    def plane(self, box: Box) -> Axes:
        """Make axes whose units are inches, from the upper left, without any lines."""
        axes = self.axes(box)
        axes.set(xlim=(0, box.width), ylim=(box.height, 0))
        axes.set_axis_off()
        return axes

    def card(self, box: Box) -> None:
        """Fill a box as a panel's ground."""
        axes = self.axes(box)
        axes.set(facecolor=CARD, xticks=[], yticks=[])
        for side in axes.spines.values():
            side.set(visible=True, color=EDGE, linewidth=0.8)

    def text(self, left: float, top: float, text: str, size: float, *, bold: bool = False) -> None:
        """Write a line whose middle is at a height."""
        self.figure.text(
            left / self._width, 1 - top / self._height, text, color=INK, size=size, va="center",
            weight="bold" if bold else "normal",
        )  # fmt: skip

    def width_of(self, text: str, size: float, *, bold: bool = False) -> float:
        """Measure a text in inches."""
        weight = "bold" if bold else "normal"
        probe = self.figure.text(0, 0, text, size=size, weight=weight)
        extent = probe.get_window_extent(self._agg.get_renderer())  # type: ignore[no-untyped-call]
        probe.remove()
        return float(extent.width) / _DPI

    def shortened(self, text: str, size: float, width: float, *, bold: bool = False) -> str:
        """Cut a text with an ellipsis where it is wider than allowed."""
        if self.width_of(text, size, bold=bold) <= width:
            return text
        while text and self.width_of(f"{text}…", size, bold=bold) > width:
            text = text[:-1]
        return f"{text}…"

    def save(self, path: Path) -> None:
        """Write a PNG of few colours."""
        raw = BytesIO()
        self.figure.savefig(raw, format="png", facecolor=GROUND)
        whole = Image.open(raw).convert("RGB")
        # Coverage keeps what few points have, such as a legend's red.
        small = whole.quantize(method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        small.save(path, optimize=True)
