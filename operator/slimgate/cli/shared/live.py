"""Progress on a terminal, on standard error, gone when the results come."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, SpinnerColumn, Task, TextColumn
from rich.progress import Progress as Bars
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from slimgate.core.text import printable
from slimgate.sources.stream import Progress

_NAME: Final = 60
_SOON: Final = 0.3
"""Seconds of a look-up that nobody needs to see: lines that come and go at once only flicker."""


class _Bars(Bars):
    after = _SOON

    def make_tasks_table(self, tasks: Iterable[Task]) -> Table:
        return super().make_tasks_table([t for t in tasks if (t.elapsed or 0) >= self.after])


class _Bar(BarColumn):
    def render(self, task: Task) -> ProgressBar | Text:  # type: ignore[override]
        return super().render(task) if _is_measured(task) else Text()


class _Amount(DownloadColumn):
    def render(self, task: Task) -> Text:
        if task.fields.get("counted"):
            return Text(f"{task.completed:.0f} of {task.total:.0f}")
        return super().render(task) if _is_measured(task) else Text()


def _is_measured(task: Task) -> bool:
    """Whether anything was told of how far it is: a registry's few documents are no measure."""
    return bool(task.total or task.completed)


class LiveBoard:
    """One line for each look-up that is under way and takes its time, and one for all of them."""

    def __init__(
        self, console: Console | None = None, *, after: float = _SOON, expected: int = 0
    ) -> None:
        self._bars = _Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            _Bar(bar_width=30),
            _Amount(binary_units=True),
            console=console or Console(stderr=True, highlight=False, emoji=False),
            transient=True,
        )
        self._bars.after = after
        self._all = (
            self._bars.add_task("images", total=expected, counted=True) if expected > 1 else None
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
            if self._all is not None:
                self._bars.advance(self._all)

    def refresh(self) -> None:
        """Draw now."""
        self._bars.refresh()
