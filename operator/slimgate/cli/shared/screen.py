"""Standard output as a screen: coloured and wrapped on a terminal, plain lines anywhere else."""

import sys
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.table import Table

from slimgate.cli.shared.cells import room_for

_UNLIMITED: Final = 10_000


def screen() -> Console:
    """Make a console that takes texts as they are, without markup."""
    return Console(markup=False, highlight=False, emoji=False)


def fits(console: Console, what: RenderableType) -> bool:
    """Whether no table needs more than the terminal has."""
    return _room(what) <= console.width


def show(console: Console, what: RenderableType) -> None:
    """Print; where it goes to no terminal, nothing is cut, wrapped or padded.

    A terminal too narrow for a table's figures wraps its lines itself, so that none is lost.
    """
    if console.is_terminal:
        console.width = max(console.width, _room(what))
        console.print(what)
        return
    console.width = _UNLIMITED
    with console.capture() as captured:
        console.print(what)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def _room(what: RenderableType) -> int:
    tables = what.renderables if isinstance(what, Group) else [what]
    return max((room_for(table) for table in tables if isinstance(table, Table)), default=0)
