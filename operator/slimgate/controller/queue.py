"""Keys waiting for a worker: each once, however often it is put, and never with two at a time."""

import asyncio
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """First in, first out."""

    def __init__(self) -> None:
        self._waiting: dict[K, None] = {}
        self._busy: set[K] = set()
        self._again: set[K] = set()
        self._ready = asyncio.Event()

    def put(self, key: K) -> None:
        """Have a key worked on; once more afterwards if it is being worked on."""
        if key in self._busy:
            self._again.add(key)
        else:
            self._waiting[key] = None
            self._ready.set()

    async def take(self) -> K:
        """Wait for a key; `done` must follow."""
        while not self._waiting:
            self._ready.clear()
            await self._ready.wait()
        key = next(iter(self._waiting))
        del self._waiting[key]
        self._busy.add(key)
        return key

    def done(self, key: K) -> None:
        """Say that the work on a key has ended."""
        self._busy.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.put(key)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._busy)
