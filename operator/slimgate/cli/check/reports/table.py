"""For people: a row an image, then a line for each thing to say, then a line that sums up.

The lines have the form of a compiler's, `file:line: effect: message`, which editors can follow, and
which may be cut out of a log.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from slimgate.cli.check.judge import FindingEffect, Judged
from slimgate.cli.check.reports.report import Remark, Report, excuses, file_text, plain, remarks_on
from slimgate.cli.shared.cells import footnotes, largest_layer, plain_table, size_text
from slimgate.core.base.base_text import base_text
from slimgate.core.images.facts import ImageFacts, Inspection
from slimgate.core.text import printable
from slimgate.core.workloads.workload import ImageUse

_ALLOW: Final = "allow"
_NOBODY: Final = "-"
_NAME: Final = 512
_TOGETHER: Final = "all together"
_STYLES: Final[Mapping[str, str]] = {
    FindingEffect.DENY.label: "bold red",
    FindingEffect.UNKNOWN.label: "bold magenta",
    FindingEffect.WARN.label: "yellow",
    FindingEffect.AUDIT.label: "cyan",
    _ALLOW: "green",
    _NOBODY: "dim",
}


def report_table(report: Report, *, wide: bool = False) -> RenderableType:
    """Write the report."""
    parts: list[RenderableType] = []
    rows = [row for entry in report.judged for row in _rows(entry)]
    if rows:
        parts += [_table(report, rows, wide=wide), *_legend(rows, wide=wide), Text()]
    said = [*map(_remark, report.remarks), *(t for e in report.judged for t in _excuses(e))]
    parts += [*said, *([Text()] if said else [])]
    parts += [Text(advice) for advice in report.advice]
    parts += [Text(f"note: {note}", style="dim") for note in map(plain, report.notes)]
    return Group(*parts, Text(report.summary, style="bold"))


class _Row:
    """One image of one workload, or all of them together where something is said of that."""

    def __init__(self, entry: Judged, use: ImageUse | None, remarks: list[Remark]) -> None:
        self.entry = entry
        self.use = use
        self.effect = max((one.effect for one in remarks), default=None)
        seen = entry.verdict.subject.images.get(use) if use is not None else None
        self.is_judged = use is None or use in entry.verdict.subject.images
        images = seen.images if isinstance(seen, Inspection) else ()
        self.facts = max(images, key=lambda image: image.pull.least, default=None)

    @property
    def word(self) -> str:
        if self.effect is not None:
            return self.effect.label
        return _ALLOW if self.is_judged else _NOBODY


def _rows(entry: Judged) -> Iterator[_Row]:
    remarks = list(remarks_on(entry))
    for use in dict.fromkeys(entry.placed.workload.images):
        yield _Row(entry, use, [one for one in remarks if one.use == use])
    if together := [one for one in remarks if one.use is None]:
        yield _Row(entry, None, together)


def _table(report: Report, rows: list[_Row], *, wide: bool) -> Table:
    workloads = any(entry.placed.file is not None for entry in report.judged)
    table = plain_table(
        "EFFECT",
        *(["WORKLOAD"] if workloads else []),
        *("IMAGE", "PULL"),
        *(("UNPACKED", "LAYERS", "LARGEST LAYER", "BASE", "POLICIES") if wide else ()),
    )
    for row in rows:
        placed = row.entry.placed
        title = "-" if placed.file is None else printable(placed.title, _NAME)
        table.add_row(
            Text(row.word, style=_STYLES[row.word]),
            *([Text(title)] if workloads else []),
            Text(_TOGETHER if row.use is None else printable(row.use.reference)),
            Text("-") if row.facts is None else size_text(row.facts.pull),
            *(_more(row, row.facts) if wide else ()),
        )
    return table


def _more(row: _Row, facts: ImageFacts | None) -> Iterator[Text]:
    if facts is None:
        yield from (Text("-"),) * 4
    else:
        yield size_text(facts.unpacked)
        yield Text(str(len(facts.layers)))
        yield largest_layer(facts)
        yield Text(base_text(facts.base))
    names = ", ".join(policy.name for policy in row.entry.verdict.policies)
    yield Text(printable(names, _NAME) or "-")


def _legend(rows: list[_Row], *, wide: bool) -> Iterator[Text]:
    if wide:
        yield from footnotes(row.facts.unpacked for row in rows if row.facts is not None)
    if any(row.word == _NOBODY for row in rows):
        yield Text(f"{_NOBODY} no policy applies to it", style="dim")


def _remark(remark: Remark) -> Text:
    word = remark.effect.label
    return Text.assemble(
        _place(remark.file, remark.line), (word, _STYLES[word]), ": ", remark.message
    )


def _excuses(entry: Judged) -> Iterator[Text]:
    placed = entry.placed
    for excuse in excuses(entry):
        title = printable(placed.title, _NAME)
        yield Text(f"{_place(placed.file, placed.line)}{_ALLOW}: {title}: {excuse}")


def _place(file: str | None, line: int | None) -> str:
    return "" if file is None else f"{file_text(file)}:{line}: "
