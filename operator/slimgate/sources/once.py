"""A value that takes long to load, loaded once in a thread, when it is first asked for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from slimgate.engine.threads import call_aside
from slimgate.sources.stream import Progress, Watch

T = TypeVar("T")


@dataclass(slots=True)
class Once(Generic[T]):
    """Loads a value for all who ask; failures are not kept, so the next one tries again."""

    load: Callable[[Watch], T]
    progress: Progress | None = None
    _value: T | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self) -> T:
        """Return the value; whoever is cancelled while it loads stops the loading."""
        async with self._lock:
            if self._value is None:
                self._value = await in_thread(self.load, self.progress)
            return self._value


async def in_thread(work: Callable[[Watch], T], progress: Progress | None = None) -> T:
    """Do blocking work in a thread that nobody waits for once the caller is cancelled.

    asyncio's own threads would hold an interrupted program for as long as a Docker engine is
    silent. This one is told to stop at its next chunk, and does not keep the program alive.
    """
    watch = Watch(progress)
    try:
        return await asyncio.wrap_future(call_aside(lambda: work(watch)))
    except asyncio.CancelledError:
        watch.stop()
        raise
