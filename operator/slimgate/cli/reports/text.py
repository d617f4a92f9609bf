"""For people: every workload under its file, what is wrong with it, and a line that sums up."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from slimgate.cli.judging.judge import Effect, Judged
from slimgate.cli.reports.report import Report, excuses, file_text, remarks_on, verdict_text
from slimgate.core.text import printable

_ALLOW: Final = "allow"
_NAME: Final = 512
_STYLES: Final[Mapping[str, str]] = {
    Effect.DENY.label: "bold red",
    Effect.UNKNOWN.label: "bold magenta",
    Effect.WARN.label: "yellow",
    Effect.AUDIT.label: "cyan",
    _ALLOW: "green",
}
_WIDTH: Final = max(map(len, _STYLES))
_INDENT: Final = 2 + _WIDTH + 2


def report_text(report: Report) -> RenderableType:
    """Write the report; every line stands by itself, so that it may be cut out of a log."""
    parts: list[RenderableType] = []
    for file, entries in groupby(report.judged, key=lambda entry: entry.placed.file):
        parts.append(Text(file_text(file), style="bold"))
        parts += [line for entry in entries for line in _workload(entry)]
        parts.append(Text())
    for advice in report.advice:
        parts.append(Text(advice))
    for note in report.notes:
        parts.append(Text(f"note: {note}", style="dim"))
    return Group(*parts, Text(report.summary, style="bold"))


def _workload(entry: Judged) -> Iterator[RenderableType]:
    label = entry.worst.label if entry.worst else _ALLOW
    head = Text.assemble(" " * 2, (label.ljust(_WIDTH), _STYLES[label]), " " * 2)
    workload = printable(str(entry.placed.workload), _NAME)
    if entry.worst is None:
        yield head + Text(f"{workload}: {verdict_text(entry)}")
    else:
        yield head + Text(workload, style="bold")
    for remark in remarks_on(entry):
        own = "" if remark.effect is entry.worst else f"{remark.effect.label}: "
        yield _indented(f"line {remark.line}: {own}{remark.message}")
    for excuse in excuses(entry):
        yield _indented(excuse)


def _indented(text: str) -> RenderableType:
    return Padding(Text(text), (0, 0, 0, _INDENT))
