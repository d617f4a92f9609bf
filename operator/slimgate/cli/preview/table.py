"""A preview for people: one row a finding, the worst first, and what is fine as a number."""

from collections.abc import Iterator, Mapping
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from slimgate.cli.check.reports.report import count
from slimgate.cli.preview.preview import Fate, Foreseen, Preview
from slimgate.cli.shared.cells import largest_layer, plain_table
from slimgate.core.base.base_text import base_text
from slimgate.core.images.facts import ImageFacts
from slimgate.core.images.tier import Tier
from slimgate.core.policies.checks import CHECKS, base
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.policy import Mode
from slimgate.core.text import printable

_STYLES: Final[Mapping[Fate, str]] = {
    Fate.DENIED: "bold red",
    Fate.UNKNOWN: "bold magenta",
    Fate.WARNED: "yellow",
}
_COUNTED: Final[Mapping[Fate, str]] = {
    Fate.DENIED: "would be denied",
    Fate.WARNED: "would be warned of",
    Fate.UNKNOWN: "could not be judged",
    Fate.WITHIN: "within policy",
    Fate.UNTOUCHED: "that it does not apply to",
}
_RUNNING: Final = "What runs is left alone: only a new or changed image would be refused."


def preview_table(preview: Preview, *, wide: bool = False) -> RenderableType:
    """Write the table, the reasons for what is unknown, and the counts."""
    rows = [
        (entry, finding, fate) for entry in preview.foreseen for finding, fate in entry.findings
    ]
    parts: list[RenderableType] = []
    if rows:
        parts += [_table(rows, wide=wide), Text()]
    parts += _reasons(rows)
    parts += [Text(line) for line in [*_notes(preview), *([_RUNNING] if rows else [])]]
    return Group(*parts, Text(_summary(preview), style="bold"))


def _table(rows: list[tuple[Foreseen, Finding, Fate]], *, wide: bool) -> Table:
    table = plain_table(
        *("OUTCOME", "WORKLOAD", "IMAGE", "CHECK", "VALUE", "LIMIT"),
        *(("PLATFORM", "LAYERS", "LARGEST LAYER", "BASE") if wide else ()),
    )
    for entry, finding, fate in rows:
        table.add_row(
            Text(fate.label, style=_STYLES[fate]),
            Text(printable(str(entry.workload))),
            Text(_image(finding)),
            Text(finding.check),
            Text(_value(finding), justify="right"),
            Text(_amount(finding, finding.limit)),
            *(_facts(finding.image) if wide else ()),
        )
    return table


def _facts(image: ImageFacts | None) -> tuple[Text, ...]:
    if image is None:
        return (Text("-"),) * 4
    return (
        Text(printable(str(image.platform), 64)),
        Text(str(len(image.layers))),
        largest_layer(image),
        Text(base_text(image.base)),
    )


def _image(finding: Finding) -> str:
    if finding.use is None:
        return "all together"
    name = f"{finding.use.role.value} {printable(finding.use.name, 63)}"
    return f"{name}: {printable(finding.use.reference)}"


def _value(finding: Finding) -> str:
    if finding.outcome is Outcome.UNKNOWN:
        return "unknown"
    if finding.check == base.NAME and finding.image is not None:
        return base_text(finding.image.base)
    least = "at least " if finding.at_least else ""
    return f"{least}{_amount(finding, finding.value)}"


def _amount(finding: Finding, value: int | Tier | str | None) -> str:
    return "-" if value is None else CHECKS[finding.check].amount(value)


def _reasons(rows: list[tuple[Foreseen, Finding, Fate]]) -> Iterator[Text]:
    """Say why something is unknown, each reason once."""
    subjects: dict[str, list[str]] = {}
    for entry, finding, _ in rows:
        if finding.outcome is Outcome.UNKNOWN:
            reason = printable(finding.reason or "for no known reason", 300)
            subjects.setdefault(reason, []).append(str(entry.workload))
    for reason, names in subjects.items():
        shown = ", ".join(printable(name) for name in dict.fromkeys(names))
        yield Text(f"{shown}: {reason}", style="yellow")


def _notes(preview: Preview) -> Iterator[str]:
    if preview.policy.limits.growth is not None:
        yield "Growth is not shown: it is judged when an image changes."
    excused = sum(1 for entry in preview.foreseen if entry.verdict.excused)
    if excused:
        yield f"SlimExceptions excuse something in {excused} of the workloads."


def _summary(preview: Preview) -> str:
    counts = [(preview.count(fate), words) for fate, words in _COUNTED.items()]
    said = ", ".join(f"{number} {words}" for number, words in counts if number)
    policy = preview.policy
    mode = "enforced" if policy.mode is Mode.ENFORCE else f"in mode {policy.mode.value} now"
    total = count(len(preview.foreseen), "workload")
    return f"policy {policy.name} ({mode}), as if enforced: {total}" + (f", {said}" if said else "")
