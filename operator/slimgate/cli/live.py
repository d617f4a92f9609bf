"""Progress on a terminal, on standard error, gone when the results come."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Bars

from slimgate.core.text import printable
from slimgate.sources.stream import Progress

_NAME: Final = 60


class LiveBoard:
    """One line for each look-up that is under way."""

    def __init__(self, console: Console | None = None) -> None:
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            DownloadColumn(binary_units=True),
            console=console or Console(stderr=True, highlight=False, emoji=False),
            transient=True,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    @contextmanager
    def line(self, name: str) -> Iterator[Progress | None]:
        """Show a look-up until it ends."""
        task = self._bars.add_task(escape(printable(name, _NAME)), total=None)

        def show(done: int, total: int | None) -> None:
            # An engine's own figure may be below what it sends; a bar past its end misleads.
            self._bars.update(
                task, completed=done, total=total if total and done <= total else None
            )

        try:
            yield show
        finally:
            self._bars.remove_task(task)

    def refresh(self) -> None:
        """Draw now."""
        self._bars.refresh()
