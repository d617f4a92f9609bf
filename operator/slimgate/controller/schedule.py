"""When each workload is to be judged again though nothing happened to it."""

import asyncio
import heapq
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
_SLACK: Final = 64


class Schedule(Generic[K]):
    """One due time for each key; a later `put` replaces it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._latest: dict[K, int] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._count = 0
        self._changed = asyncio.Event()

    def put(self, key: K, seconds: float) -> None:
        """Make a key due in so many seconds."""
        due = self._clock() + seconds
        self._count += 1
        self._latest[key] = self._count
        heapq.heappush(self._heap, (due, self._count, key))
        if len(self._heap) > _SLACK + 2 * len(self._latest):
            # Keys that are put off time and again would fill it with what no longer counts.
            self._heap = [one for one in self._heap if self._latest.get(one[2]) == one[1]]
            heapq.heapify(self._heap)
        self._changed.set()

    def drop(self, key: K) -> None:
        """Forget a key."""
        self._latest.pop(key, None)

    def take(self) -> list[K]:
        """Return the keys that are due, which are forgotten by it."""
        found: list[K] = []
        while self._heap and self._heap[0][0] <= self._clock():
            _, count, key = heapq.heappop(self._heap)
            if self._latest.get(key) == count:
                del self._latest[key]
                found.append(key)
        return found

    def __contains__(self, key: K) -> bool:
        """Whether the key is due at some time."""
        return key in self._latest

    def __len__(self) -> int:
        """Count all entries, those too that no longer count."""
        return len(self._heap)

    def due(self) -> float | None:
        """Tell in how many seconds something may be due; None if nothing ever is."""
        return self._heap[0][0] - self._clock() if self._heap else None

    async def wait(self) -> None:
        """Wait until something may be due."""
        self._changed.clear()
        seconds = self.due()
        if seconds is not None and seconds <= 0:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return
