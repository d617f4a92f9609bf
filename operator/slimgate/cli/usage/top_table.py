"""The largest images as a table, with bars where the terminal allows."""

from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from slimgate.cli.check.reports.report import count
from slimgate.cli.shared.cells import bar, largest_layer, plain_table
from slimgate.cli.usage.images import Usage, UsedImage, together
from slimgate.cli.usage.scope import scope_text
from slimgate.core.base.base_text import base_text
from slimgate.core.images.facts import Inspection
from slimgate.core.quantity import format_bytes
from slimgate.core.text import printable
from slimgate.core.workloads.workload import Workload

_USERS: Final = 3
_ALL_USERS: Final = 50
_REFERENCE: Final = 256


def top_table(
    usage: Usage, *, number: int = 20, wide: bool = False, bars: bool = False
) -> RenderableType:
    """Write one row an image, `number` of them at most, and what all of them come to."""
    shown = usage.images[:number]
    largest = max((image.pull or 0 for image in usage.images), default=0)
    parts: list[RenderableType] = []
    if shown:
        parts.append(_wide_table(shown) if wide else _table(shown, largest, bars=bars))
    parts += [
        Text(f"{printable(image.reference, _REFERENCE)}: {image.seen}", style="yellow")
        for image in shown
        if isinstance(image.seen, Exception)
    ]
    parts += [Text(f"note: {note}", style="dim") for note in usage.notes]
    return Group(*parts, Text(_summary(usage, len(shown)), style="bold"))


def _table(shown: Sequence[UsedImage], largest: int, *, bars: bool) -> Table:
    table = plain_table("PULL", *([""] if bars else []), "IMAGE", "LAYERS", "BASE", "USED BY")
    for image in shown:
        facts = image.largest
        table.add_row(
            _pull(image),
            *([bar(image.pull, largest)] if bars else []),
            Text(printable(image.reference, _REFERENCE)),
            Text("-" if facts is None else str(len(facts.layers))),
            Text("-" if facts is None else base_text(facts.base)),
            Text(_users(image.users, _USERS)),
        )
    return table


def _wide_table(shown: Sequence[UsedImage]) -> Table:
    table = plain_table(
        "PULL", "LAYERS", "LARGEST LAYER", "IMAGE", "PLATFORM", "DIGEST", "BASE", "USED BY"
    )
    for image in shown:
        facts = image.largest
        digest = image.seen.digest if isinstance(image.seen, Inspection) else None
        table.add_row(
            _pull(image),
            Text("-" if facts is None else str(len(facts.layers))),
            Text("-") if facts is None else largest_layer(facts),
            Text(printable(image.reference, _REFERENCE)),
            Text("-" if facts is None else printable(str(facts.platform), 64)),
            Text(digest or "-"),
            Text("-" if facts is None else base_text(facts.base)),
            Text(_users(image.users, _ALL_USERS)),
        )
    return table


def _summary(usage: Usage, shown: int) -> str:
    where = scope_text(usage.namespace)
    if not usage.images:
        if usage.namespace is None:
            return "no workload of the cluster uses an image"
        return f"no workload in {where} uses an image; -A shows all namespaces"
    total, known = together(usage.images)
    images = usage.images
    more = f"; {len(images) - shown} more with --limit" if len(images) > shown else ""
    return (
        f"{count(len(images), 'image')} of {count(usage.workloads, 'workload')} in {where}: "
        f"{'' if known else 'at least '}{format_bytes(total)} to pull for a node that runs all, "
        f"shared layers once{more}"
    )


def _users(users: Sequence[Workload], number: int) -> str:
    names = [printable(str(user)) for user in users]
    more = f" and {len(names) - number} more" if len(names) > number else ""
    return ", ".join(names[:number]) + more


def _pull(image: UsedImage) -> Text:
    if image.pull is None:
        return Text("unknown", style="yellow")
    return Text(format_bytes(image.pull))
