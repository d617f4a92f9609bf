"""Facts as tables for people: one row an image, or one table of layers an image.

Everything from outside is printable and shown as plain text, never as rich's markup.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from slimgate.cli import screen
from slimgate.core.base.history import instruction_of
from slimgate.core.image import ImageFacts, Inspection, Layer, Size, SizeEvidence
from slimgate.core.quantity import format_bytes
from slimgate.core.render import base_text
from slimgate.core.text import printable

_BAR_WIDTH: Final = 20
_BAR_NEEDS: Final = 100
"""Columns of a terminal below which a bar would push words out."""
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"
_INSTRUCTION: Final = 160
_REFERENCE: Final = 256
_MARK: Final = "*"
_FOOTNOTE: Final = f"{_MARK} estimated from a part of a layer; --exact measures it"


def show(inspections: Sequence[Inspection], *, layers: bool) -> None:
    """Print tables; where they go to no terminal, nothing is cut, wrapped or padded."""
    console = screen.screen()
    write = layers_tables if layers else images_table
    screen.show(console, write(inspections, bars=allows_bars(console)))


def allows_bars(console: Console) -> bool:
    """Whether the console is a terminal that has the characters and the room for bars."""
    return console.is_terminal and console.width >= _BAR_NEEDS and not console.options.ascii_only


def images_table(inspections: Sequence[Inspection], *, bars: bool) -> RenderableType:
    """One row an image; the bars compare what the images are to pull."""
    rows = [(entry, image) for entry in inspections for image in entry.images]
    largest = max((image.pull.bytes or 0 for _, image in rows), default=0)
    toolchains = any(image.toolchains for _, image in rows)
    table = _table()
    table.add_column("IMAGE", overflow="fold")
    table.add_column("PLATFORM", no_wrap=True)
    table.add_column("PULL", justify="right", no_wrap=True)
    if bars:
        table.add_column("", no_wrap=True)
    table.add_column("UNPACKED", justify="right", no_wrap=True)
    table.add_column("LAYERS", justify="right", no_wrap=True)
    table.add_column("BASE", overflow="fold")
    if toolchains:
        table.add_column("TOOLCHAINS", overflow="fold")
    for entry, image in rows:
        table.add_row(
            Text(printable(entry.reference, _REFERENCE)),
            _platform(image),
            _size(image.pull),
            *([bar(image.pull.bytes, largest)] if bars else []),
            _size(image.unpacked),
            Text(str(len(image.layers))),
            Text(_base(image)),
            *([Text(printable(", ".join(image.toolchains)) or "-")] if toolchains else []),
        )
    return Group(table, *_notes(rows), *_footnotes(image.unpacked for _, image in rows))


def layers_tables(inspections: Sequence[Inspection], *, bars: bool) -> RenderableType:
    """One table an image, base first, with the instruction that made each layer."""
    parts: list[RenderableType] = []
    for entry in inspections:
        for image in entry.images:
            parts += [*_heading(entry, image), _layers(image, bars=bars)]
            parts += _notes([(entry, image)])
            parts += [*_footnotes(layer.unpacked for layer in image.layers), Text()]
    return Group(*parts[:-1])


def _layers(image: ImageFacts, *, bars: bool) -> Table:
    by_pull = image.pull.bytes is not None
    total = image.pull.bytes if by_pull else image.unpacked.bytes
    table = _table()
    for name in ("#", "PULL", "UNPACKED", "OF PULL" if by_pull else "OF UNPACKED"):
        table.add_column(name, justify="right", no_wrap=True)
    if bars:
        table.add_column("", no_wrap=True)
    table.add_column("MADE BY")
    for number, layer in enumerate(image.layers, 1):
        count = layer.pull.bytes if by_pull else layer.unpacked.bytes
        table.add_row(
            Text(str(number)),
            _size(layer.pull),
            _size(layer.unpacked),
            Text(_share(count, total)),
            *([bar(count, total)] if bars else []),
            # The column may shrink and the figures may not, so it is the text that must not wrap.
            Text(_made_by(layer), no_wrap=True, overflow="ellipsis"),
        )
    return table


def _heading(entry: Inspection, image: ImageFacts) -> Iterator[Text]:
    reference = printable(entry.reference, _REFERENCE)
    yield Text(f"{reference} ({_platform(image)})", style="bold")
    facts = [
        f"pull {_size(image.pull)}",
        f"unpacked {_size(image.unpacked)}",
        f"base {_base(image)}",
    ]
    if image.toolchains:
        facts.append(f"toolchains {printable(', '.join(image.toolchains))}")
    yield Text(", ".join(facts))


def _notes(rows: Iterable[tuple[Inspection, ImageFacts]]) -> Iterator[Text]:
    """Say why sizes are unknown and which claims are false, each reason once."""
    subjects: dict[str, list[str]] = {}
    for entry, image in rows:
        name = f"{printable(entry.reference, _REFERENCE)} ({_platform(image)})"
        for sentence in _remarks(image):
            subjects.setdefault(sentence, []).append(name)
    for sentence, names in subjects.items():
        yield Text(f"{', '.join(names)}: {sentence}", style="yellow")


def _remarks(image: ImageFacts) -> Iterator[str]:
    for kind, size in (("pull", image.pull), ("unpacked", image.unpacked)):
        if size.bytes is None:
            yield f"{kind} size unknown: {printable(size.reason or 'for no known reason')}"
    if image.base.contradiction:
        yield printable(image.base.contradiction)
    if image.artifact_type:
        yield f"no image but an artifact of type {printable(image.artifact_type, 128)}"


def _footnotes(sizes: Iterable[Size]) -> Iterator[Text]:
    """Say what the mark means, where a size has it."""
    if any(map(_is_estimated, sizes)):
        yield Text(_FOOTNOTE, style="dim")


def _table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")


def _platform(image: ImageFacts) -> Text:
    return Text(printable(str(image.platform), 64))


def _base(image: ImageFacts) -> str:
    return base_text(image.base)


def _size(size: Size) -> Text:
    if size.bytes is None:
        bound = f">= {format_bytes(size.at_least)}" if size.at_least else "unknown"
        return Text(bound, style="yellow")
    return Text(format_bytes(size.bytes) + (_MARK if _is_estimated(size) else ""))


def _is_estimated(size: Size) -> bool:
    return size.evidence is SizeEvidence.ESTIMATED


def _share(count: int | None, total: int | None) -> str:
    if count is None or not total:
        return "-"
    return f"{100 * count / total:.1f}%"


def _made_by(layer: Layer) -> str:
    return printable(instruction_of(layer.created_by or ""), _INSTRUCTION) or "-"


def bar(count: int | None, total: int | None) -> Text:
    """Draw a part of a whole."""
    eighths = round(8 * _BAR_WIDTH * (count or 0) / total) if total else 0
    full, part = divmod(eighths, 8)
    return Text("█" * full + _EIGHTHS[part].strip(), style="cyan")
