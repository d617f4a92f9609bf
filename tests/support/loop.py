"""An event loop whose time passes when nothing else is to be done."""

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from typing import TypeVar

T = TypeVar("T")


class _Loop(asyncio.SelectorEventLoop):
    _ready: Collection[asyncio.Handle]
    _scheduled: Sequence[asyncio.TimerHandle]

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.now = max(self.now, self._scheduled[0].when())
        super()._run_once()  # type: ignore[misc]


def run_at_once(work: Coroutine[None, None, T]) -> T:
    """Do work that waits for timers only, in no time."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work)
