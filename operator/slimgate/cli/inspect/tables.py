"""Facts as tables for people: one row an image, or one table of layers an image.

Everything from outside is printable and shown as plain text, never as rich's markup.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from slimgate.cli.shared import screen
from slimgate.cli.shared.cells import (
    allows_bars,
    bar,
    footnotes,
    largest_layer,
    plain_table,
    size_text,
)
from slimgate.core.base.base_text import base_text
from slimgate.core.base.history import instruction_of
from slimgate.core.images.facts import ImageFacts, Inspection, Layer
from slimgate.core.text import printable

_INSTRUCTION: Final = 160
_REFERENCE: Final = 256
_REMEDY: Final = "; --exact measures it"


def show(inspections: Sequence[Inspection], *, layers: bool, wide: bool) -> None:
    """Print tables; where they go to no terminal, nothing is cut, wrapped or padded."""
    console = screen.screen()
    bars = allows_bars(console)
    if layers:
        screen.show(console, layers_tables(inspections, bars=bars, wide=wide))
    else:
        screen.show(console, images_table(inspections, bars=bars, wide=wide))


def images_table(
    inspections: Sequence[Inspection], *, bars: bool = False, wide: bool = False
) -> RenderableType:
    """One row an image; the bars compare what the images are to pull."""
    rows = [(entry, image) for entry in inspections for image in entry.images]
    largest = max((image.pull.bytes or 0 for _, image in rows), default=0)
    toolchains = wide or any(image.toolchains for _, image in rows)
    bars = bars and not wide
    table = plain_table(
        *("IMAGE", "PLATFORM", "PULL", *([""] if bars else []), "UNPACKED", "LAYERS"),
        *(["LARGEST LAYER"] if wide else []),
        "BASE",
        *(["TOOLCHAINS"] if toolchains else []),
        *(["CREATED", "DIGEST"] if wide else []),
    )
    for entry, image in rows:
        table.add_row(
            Text(printable(entry.reference, _REFERENCE)),
            _platform(image),
            size_text(image.pull),
            *([bar(image.pull.bytes, largest)] if bars else []),
            size_text(image.unpacked),
            Text(str(len(image.layers))),
            *([largest_layer(image)] if wide else []),
            Text(_base(image)),
            *([Text(printable(", ".join(image.toolchains)) or "-")] if toolchains else []),
            *([_created(image), Text(image.digest or "-")] if wide else []),
        )
    unpacked = (image.unpacked for _, image in rows)
    return Group(table, *_notes(rows), *footnotes(unpacked, _REMEDY))


def layers_tables(
    inspections: Sequence[Inspection], *, bars: bool = False, wide: bool = False
) -> RenderableType:
    """One table an image, base first, with the instruction that made each layer."""
    parts: list[RenderableType] = []
    for entry in inspections:
        for image in entry.images:
            parts += [*_heading(entry, image), _layers(image, bars=bars and not wide, wide=wide)]
            parts += _notes([(entry, image)])
            parts += [*footnotes((layer.unpacked for layer in image.layers), _REMEDY)]
            parts.append(Text())
    return Group(*parts[:-1])


def _layers(image: ImageFacts, *, bars: bool, wide: bool) -> Table:
    by_pull = image.pull.bytes is not None
    total = image.pull.bytes if by_pull else image.unpacked.bytes
    table = plain_table(
        *("#", "PULL", "UNPACKED", "OF PULL" if by_pull else "OF UNPACKED"),
        *([""] if bars else []),
        *(["DIGEST", "MEDIA TYPE"] if wide else []),
        "MADE BY",
    )
    for number, layer in enumerate(image.layers, 1):
        count = layer.pull.bytes if by_pull else layer.unpacked.bytes
        table.add_row(
            Text(str(number)),
            size_text(layer.pull),
            size_text(layer.unpacked),
            Text(_share(count, total)),
            *([bar(count, total)] if bars else []),
            *([Text(layer.digest or "-"), Text(printable(layer.media_type, 128))] if wide else []),
            # The column may shrink and the figures may not, so it is the text that must not wrap.
            Text(_made_by(layer), no_wrap=True, overflow="ellipsis"),
        )
    return table


def _heading(entry: Inspection, image: ImageFacts) -> Iterator[Text]:
    reference = printable(entry.reference, _REFERENCE)
    yield Text(f"{reference} ({_platform(image)})", style="bold")
    facts = [
        f"pull {size_text(image.pull)}",
        f"unpacked {size_text(image.unpacked)}",
        f"base {_base(image)}",
    ]
    if image.toolchains:
        facts.append(f"toolchains {printable(', '.join(image.toolchains))}")
    yield Text(", ".join(facts))


def _notes(rows: Sequence[tuple[Inspection, ImageFacts]]) -> Iterator[Text]:
    """Say what is unknown and why, and which claims are false, each reason once."""
    subjects: dict[str, list[str]] = {}
    for entry, image in rows:
        name = f"{printable(entry.reference, _REFERENCE)} ({_platform(image)})"
        for sentence in _remarks(image):
            subjects.setdefault(sentence, []).append(name)
    for entry in {id(entry): entry for entry, _ in rows}.values():
        for gap in entry.gaps:
            subjects.setdefault(printable(gap.message), []).append(
                printable(entry.reference, _REFERENCE)
            )
    for sentence, names in subjects.items():
        yield Text(f"{', '.join(names)}: {sentence}", style="yellow")


def _remarks(image: ImageFacts) -> Iterator[str]:
    for kind, size in (("pull", image.pull), ("unpacked", image.unpacked)):
        if size.bytes is None:
            yield f"{kind} size unknown: {printable(size.reason or 'for no known reason')}"
    if image.base.contradiction:
        yield printable(image.base.contradiction)
    if image.artifact_type:
        yield f"not an image but an artifact of type {printable(image.artifact_type, 128)}"


def _platform(image: ImageFacts) -> Text:
    return Text(printable(str(image.platform), 64))


def _created(image: ImageFacts) -> Text:
    return Text(printable(image.created or "-", 32))


def _base(image: ImageFacts) -> str:
    return base_text(image.base)


def _share(count: int | None, total: int | None) -> str:
    if count is None or not total:
        return "-"
    return f"{100 * count / total:.1f}%"


def _made_by(layer: Layer) -> str:
    return printable(instruction_of(layer.created_by or ""), _INSTRUCTION) or "-"
