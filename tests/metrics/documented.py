"""Reads docs/metrics.md: its tables of metrics and of labels, and its bounds."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
_CODE = re.compile(r"`([^`]+)`")
_BETWEEN = re.compile(r"(?<!\\)\|")
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Documented:
    """A row of a table of metrics."""

    name: str
    kind: str
    unit: str
    labels: tuple[str, ...]
    role: str
    at_most: str
    meaning: str
    example: str = ""

    @property
    def roles(self) -> frozenset[str]:
        """The roles that expose it."""
        return frozenset(("controller", "webhook") if self.role == "both" else (self.role,))

    def bound(self, sizes: Mapping[str, int]) -> int:
        """Compute the bound on its series."""
        text = _WORD.sub(lambda word: str(sizes[word[0]]), self.at_most)
        if "(" not in text:
            return sum(prod(map(int, part.split("\u00d7"))) for part in text.split("+"))
        return prod(sum(map(int, part.strip("() ").split("+"))) for part in text.split("\u00d7"))


def metrics() -> dict[str, Documented]:
    """Read the tables of metrics."""
    found: dict[str, Documented] = {}
    for cells in _rows("metric"):
        name, kind, unit, labels, *others = cells
        row = Documented(_CODE.findall(name)[0], kind, unit, tuple(_CODE.findall(labels)), *others)
        assert row.name not in found, f"{row.name} is there twice"
        found[row.name] = row
    return found


def labels() -> dict[str, frozenset[str]]:
    """Read the table of labels: their values, none where those are open."""
    found = {name: values for name, values, _ in _rows("label")}
    return {
        _CODE.findall(name)[0]: frozenset(_CODE.findall(values)) for name, values in found.items()
    }


def outcomes() -> frozenset[str]:
    """Read the words that outcomes may be beside verdicts, reasons and statuses."""
    return frozenset(
        word for name, _, text in _rows("label") if name == "`outcome`"
        for word in _CODE.findall(text)
    )  # fmt: skip


def fixed() -> dict[str, int]:
    """Read the numbers that bounds are made of."""
    text = PAGE.read_text(encoding="utf-8")
    return {name: int(number) for name, number in re.findall(r"`([a-z]+)` (\d+)\b", text)}


def _rows(first: str) -> Iterator[list[str]]:
    inside = False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in _BETWEEN.split(line.strip("|"))]
        if not line.startswith("|"):
            inside = False
        elif cells[0] == first:
            inside = True
        elif inside and not line.startswith("|---"):
            yield cells
