"""The largest images as a table, with bars where the terminal allows."""

from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from slimgate.cli.reports.report import count
from slimgate.cli.tables import bar
from slimgate.cli.usage.images import UsedImage, together
from slimgate.core.quantity import format_bytes
from slimgate.core.render import base_text
from slimgate.core.text import printable
from slimgate.core.workload import Workload

_USERS: Final = 3
_REFERENCE: Final = 256


def top_table(images: Sequence[UsedImage], *, number: int, bars: bool) -> RenderableType:
    """Write one row an image, `number` of them at most, and what all of them come to."""
    shown = images[:number]
    largest = max((image.pull or 0 for image in images), default=0)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("PULL", justify="right", no_wrap=True)
    if bars:
        table.add_column("", no_wrap=True)
    table.add_column("IMAGE", overflow="fold")
    table.add_column("LAYERS", justify="right", no_wrap=True)
    table.add_column("BASE", overflow="fold")
    table.add_column("USED BY", overflow="fold")
    for image in shown:
        facts = image.largest
        table.add_row(
            Text("unknown", style="yellow") if image.pull is None else _size(image.pull),
            *([bar(image.pull, largest)] if bars else []),
            Text(printable(image.reference, _REFERENCE)),
            Text("-" if facts is None else str(len(facts.layers))),
            Text("-" if facts is None else base_text(facts.base)),
            Text(_users(image.users)),
        )
    reasons = [
        Text(f"{printable(image.reference, _REFERENCE)}: {image.seen}", style="yellow")
        for image in shown
        if isinstance(image.seen, Exception)
    ]
    return Group(table, *reasons, Text(_summary(images, len(shown)), style="bold"))


def _summary(images: Sequence[UsedImage], shown: int) -> str:
    total, known = together(images)
    users = {str(user) for image in images for user in image.users}
    more = f"; {len(images) - shown} more with --number" if len(images) > shown else ""
    return (
        f"{count(len(images), 'image')} of {count(len(users), 'workload')}: "
        f"{'' if known else 'at least '}{format_bytes(total)} to pull for a node that runs all, "
        f"shared layers once{more}"
    )


def _users(users: Sequence[Workload]) -> str:
    names = [printable(str(user)) for user in users]
    more = f" and {len(names) - _USERS} more" if len(names) > _USERS else ""
    return ", ".join(names[:_USERS]) + more


def _size(number: int) -> Text:
    return Text(format_bytes(number))
