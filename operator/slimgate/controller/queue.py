"""Keys waiting for a worker: each once, however often it is put, and never with two at a time.

There are two lanes. What somebody has just changed comes before what is only looked at again, of
which there may be all there is; but that is never kept back for ever.
"""

import asyncio
import time
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
_TURNS: Final = 4
"""One in so many keys is of those that are looked at again, whatever else is waiting."""


class WorkQueue(Generic[K]):
    """First in, first out in each lane; `waited` hears for how many seconds each key was in it."""

    def __init__(
        self,
        waited: Callable[[float], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._waited = waited
        self._clock = clock
        self._news: dict[K, float] = {}
        self._again: dict[K, float] = {}
        self._busy: set[K] = set()
        self._afterwards: dict[K, bool] = {}
        """Keys that came while they were worked on, and whether something has changed."""
        self._turn = 0
        self.taken = 0
        """How many keys have been taken in all."""
        self._ready = asyncio.Event()
        self._has_news = asyncio.Event()

    def put(self, key: K, *, again: bool = False) -> None:
        """Have a key worked on; once more afterwards if it is being worked on.

        `again` says that nothing has changed about it, so that it can wait for what has.
        """
        if key in self._busy:
            self._afterwards[key] = self._afterwards.get(key, True) and again
        elif key in self._news:
            return
        elif again:
            self._again.setdefault(key, self._clock())
            self._ready.set()
        else:
            # From when it was first put: that is what it has waited for.
            self._news[key] = self._again.pop(key, self._clock())
            self._ready.set()
            self._has_news.set()

    def drop(self, key: K) -> None:
        """Forget a key that waits."""
        self._news.pop(key, None)
        self._again.pop(key, None)

    def begin(self) -> None:
        """Have waits begin now: until somebody works, nothing that was put has waited for it."""
        for lane in (self._news, self._again):
            lane.update(dict.fromkeys(lane, self._clock()))

    async def take(self, *, only_news: bool = False) -> K:
        """Wait for a key, or only for one that has changed; `done` must follow."""
        ready = self._has_news if only_news else self._ready
        while not (self._news or (self._again and not only_news)):
            ready.clear()
            await ready.wait()
        lane = self._news if only_news else self._lane()
        key = next(iter(lane))
        self._waited(self._clock() - lane.pop(key))
        self._busy.add(key)
        self.taken += 1
        return key

    def done(self, key: K) -> None:
        """Say that the work on a key has ended."""
        self._busy.discard(key)
        again = self._afterwards.pop(key, None)
        if again is not None:
            self.put(key, again=again)

    @property
    def waiting(self) -> int:
        """How many keys wait for a worker."""
        return len(self._news) + len(self._again)

    @property
    def active(self) -> int:
        """How many keys are being worked on."""
        return len(self._busy)

    def _lane(self) -> dict[K, float]:
        """Choose where the next key is to come from: news, but for one in some."""
        if not (self._news and self._again):
            return self._news or self._again
        self._turn += 1
        return self._news if self._turn % _TURNS else self._again
