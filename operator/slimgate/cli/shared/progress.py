"""What is shown on a terminal while references are looked up; nothing anywhere else."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from slimgate.sources.stream import Progress


class Board(Protocol):
    """Where each look-up has a line."""

    @contextmanager
    def line(self, name: str) -> Iterator[Progress | None]:
        """Show a line as long as the look-up lasts; call what it gives with the bytes read."""


class SilentBoard:
    """Shows nothing."""

    @contextmanager
    def line(self, name: str) -> Iterator[Progress | None]:  # noqa: ARG002
        """Give nothing to call."""
        yield None


@contextmanager
def board(expected: int = 0) -> Iterator[Board]:
    """Show progress if a person watches: both outputs are terminals.

    `expected` is how many look-ups there will be, where that is known.
    """
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        yield SilentBoard()
        return
    from slimgate.cli.shared.live import LiveBoard  # noqa: PLC0415 - rich is only for terminals

    with LiveBoard(expected=expected) as live:
        yield live
