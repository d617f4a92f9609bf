"""Standard output as a screen: coloured and wrapped on a terminal, plain lines anywhere else."""

import sys
from typing import Final

from rich.console import Console, RenderableType

_UNLIMITED: Final = 10_000


def screen() -> Console:
    """Make a console that takes texts as they are, without markup."""
    return Console(markup=False, highlight=False, emoji=False)


def show(console: Console, what: RenderableType) -> None:
    """Print; where it goes to no terminal, nothing is cut, wrapped or padded."""
    if console.is_terminal:
        console.print(what)
        return
    console.width = _UNLIMITED
    with console.capture() as captured:
        console.print(what)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))
