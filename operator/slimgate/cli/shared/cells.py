"""Cells and tables that several commands print."""

from collections.abc import Iterable, Iterator
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from slimgate.core.images.facts import NOT_ASKED, ImageFacts, Size
from slimgate.core.quantity import format_bytes

_BAR_WIDTH: Final = 20
_BAR_NEEDS: Final = 100
"""Columns of a terminal below which a bar would push words out."""
_GAP: Final = 2
_TEXT: Final = 16
"""Columns of a terminal that texts are folded in at least."""
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"
_MARK: Final = "*"
_FIGURES: Final = frozenset(
    {
        "#", "PULL", "UNPACKED", "OF PULL", "OF UNPACKED", "LAYERS", "LARGEST LAYER", "IMAGES",
        "UNUSED", "COMPRESSED", "ON DISK", "FREEABLE", "MEASURED", "OWN", "SHARED", "EXCLUSIVE",
        "UNKNOWN LAYERS", "NOT FOUND", "REPORTED", "LIMIT", "OVER LIMIT", "COST", "NODES",
        "CONTAINERS", "WRITABLE", "LOGS", "EMPTYDIRS", "AVAILABLE", "OBTAINABLE", "TO COLLECTION",
        "TO EVICTION", "REGISTRY", "PULLS", "PULLED", "PULL TIME", "SLOWEST PULL", "PULL COST",
    }
)  # fmt: skip
_WORDS: Final = frozenset(
    {"", "RUNTIME", "PLATFORM", "EFFECT", "OUTCOME", "VERDICT", "CHECK", "IN USE"}
)
"""Columns of short words, which must not be broken."""


def plain_table(*names: str) -> Table:
    """Make a table without lines, as kubectl's; figures stand on the right, texts may be folded."""
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for name in names:
        if name in _FIGURES:
            table.add_column(name, justify="right", no_wrap=True)
        else:
            least = min(len(name), _TEXT)
            table.add_column(name, overflow="fold", no_wrap=name in _WORDS, min_width=least)
    return table


def allows_bars(console: Console) -> bool:
    """Whether the console is a terminal that has the characters and the room for bars."""
    return console.is_terminal and console.width >= _BAR_NEEDS and not console.options.ascii_only


def largest_layer(image: ImageFacts) -> Text:
    """Write what the largest layer is to pull."""
    known = [layer.pull.bytes for layer in image.layers if layer.pull.bytes is not None]
    return Text(format_bytes(max(known)) if known else "-")


def size_text(size: Size) -> Text:
    """Write a size, its lower bound, or that it is unknown; estimates are marked."""
    if size.reason == NOT_ASKED:
        return Text("-")
    if size.bytes is None:
        bound = f">= {format_bytes(size.at_least)}" if size.at_least else "unknown"
        return Text(bound, style="yellow")
    return Text(format_bytes(size.bytes) + (_MARK if size.is_estimated else ""))


def footnotes(sizes: Iterable[Size], remedy: str = "") -> Iterator[Text]:
    """Say what the mark means, where a size has it."""
    if any(size.is_estimated for size in sizes):
        yield Text(f"{_MARK} estimated from a part of a layer{remedy}", style="dim")


def is_narrow(console: Console) -> bool:
    """Whether the console is a terminal that has no room for what can be done without."""
    return console.is_terminal and console.width < _BAR_NEEDS


def room_for(table: Table) -> int:
    """Tell what a table takes if no figure is cut, and texts have some room to be folded in.

    rich counts a gap after the last column, too, and crops that column where there is none.
    """
    widths = [
        (max(cell_len(str(cell)) for cell in (column.header, *column.cells)), column.no_wrap)
        for column in table.columns
    ]
    return sum((width if whole else min(width, _TEXT)) + _GAP for width, whole in widths)


def bar(count: int | None, total: int | None) -> Text:
    """Draw a part of a whole."""
    eighths = round(8 * _BAR_WIDTH * (count or 0) / total) if total else 0
    full, part = divmod(eighths, 8)
    return Text("█" * full + _EIGHTHS[part].strip(), style="cyan")
