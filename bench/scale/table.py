"""The figures beside their goals."""

from dataclasses import dataclass
from typing import Final

_WIDTHS: Final = (58, 34, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Something measured; `met` is None where there is no goal."""

    name: str
    value: str
    goal: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A figure must not be above `most`; it counts at the size that the goals are for only."""

    most: float
    unit: str

    def figure(self, name: str, value: float, more: str = "") -> Figure:
        """Compare a figure with it."""
        places = 0 if self.unit in {"MB", "writes", "lists"} else 2
        text = f"{value:.{places}f} {self.unit}{more}"
        goal = f"at most {self.most:g} {self.unit}"
        return Figure(name=name, value=text, goal=goal, met=value <= self.most)


def line(one: Figure) -> str:
    """Write a figure's line."""
    mark = {None: "  ", True: "ok", False: "NO"}[one.met]
    cells = zip((one.name, one.value, one.goal), _WIDTHS, strict=True)
    return f"{mark}  {''.join(cell.ljust(width) for cell, width in cells)}".rstrip()
