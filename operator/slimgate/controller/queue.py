"""Keys waiting for a worker: each once, however often it is put, and never with two at a time."""

import asyncio
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """First in, first out; `waited` hears for how many seconds each key was in it."""

    def __init__(
        self,
        waited: Callable[[float], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._waited = waited
        self._clock = clock
        self._waiting: dict[K, float] = {}
        self._busy: set[K] = set()
        self._again: set[K] = set()
        self._ready = asyncio.Event()

    def put(self, key: K) -> None:
        """Have a key worked on; once more afterwards if it is being worked on."""
        if key in self._busy:
            self._again.add(key)
        else:
            self._waiting.setdefault(key, self._clock())
            self._ready.set()

    async def take(self) -> K:
        """Wait for a key; `done` must follow."""
        while not self._waiting:
            self._ready.clear()
            await self._ready.wait()
        key = next(iter(self._waiting))
        self._waited(self._clock() - self._waiting.pop(key))
        self._busy.add(key)
        return key

    def done(self, key: K) -> None:
        """Say that the work on a key has ended."""
        self._busy.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.put(key)

    @property
    def waiting(self) -> int:
        """How many keys wait for a worker."""
        return len(self._waiting)

    @property
    def active(self) -> int:
        """How many keys are being worked on."""
        return len(self._busy)
