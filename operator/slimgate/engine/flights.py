"""One task for one question, however many ask it at the same time."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable
from typing import Final, Generic, TypeVar
from weakref import WeakSet

from slimgate.core.errors import OverloadedError, SpentError
from slimgate.engine.fair import most_of

MAX_FLIGHTS: Final = 1_024
"""Work under way takes some KB each, and goes on where nobody waits for it any more."""

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Flights(Generic[K, T]):
    """Work under way, by key. Who is cancelled while waiting does not end it for the others.

    Failures are not kept: whoever asks after one starts anew. Of more than `limit` the oldest of
    whoever has most under way is dropped.
    """

    def __init__(self, limit: int = MAX_FLIGHTS) -> None:
        self._limit = limit
        self._tasks: dict[K, asyncio.Task[T]] = {}
        self._askers: dict[K, str] = {}
        self._under_way: Counter[str] = Counter()
        self._landed: dict[K, asyncio.Task[T]] = {}
        self._dropped: WeakSet[asyncio.Task[T]] = WeakSet()

    def start(
        self, key: K, work: Callable[[], Coroutine[None, None, T]], asker: str = ""
    ) -> asyncio.Task[T]:
        """Begin the work unless it is under way; nobody has to wait for it."""
        task = self._tasks.get(key)
        if task is None:
            self._under_way[asker] += 1
            if len(self._tasks) >= self._limit:
                self._drop_one()
            task = asyncio.create_task(work())
            self._tasks[key], self._askers[key] = task, asker
            task.add_done_callback(lambda done: self._land(key, done))
        return task

    async def join(
        self, key: K, work: Callable[[], Coroutine[None, None, T]], asker: str = ""
    ) -> T:
        """Wait for the work under way for the key, or start it; OverloadedError if dropped.

        What others began ends when they may take no more, and is begun anew then.
        """
        while True:
            is_own = key not in self
            try:
                return await self._wait(self.start(key, work, asker))
            except SpentError:
                if is_own:
                    raise

    async def _wait(self, task: asyncio.Task[T]) -> T:
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            waiter = asyncio.current_task()
            if task not in self._dropped or (waiter is not None and waiter.cancelling()):
                raise
            raise OverloadedError("slimgate has more to look up than it takes on at once") from None
        finally:
            # An error's traceback leads here, and from here to the task that has the error: all
            # that its work was about, documents of megabytes, would stay until garbage is looked
            # for.
            del task

    def landed(self, key: K) -> T | None:
        """Give what work has brought a moment ago: those who waited for it may not have gone on."""
        task = self._tasks.get(key) or self._landed.get(key)
        return task.result() if task is not None and _is_whole(task) else None

    def __contains__(self, key: K) -> bool:
        """Whether the work for the key is under way."""
        return key in self._tasks

    def __len__(self) -> int:
        return len(self._tasks)

    async def close(self) -> None:
        """Cancel what is still under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _drop_one(self) -> None:
        most = most_of(self._under_way)
        key = next(
            (one for one, who in self._askers.items() if who == most), next(iter(self._tasks))
        )
        task = self._leave(key)
        self._dropped.add(task)
        task.cancel()

    def _leave(self, key: K) -> asyncio.Task[T]:
        asker = self._askers.pop(key)
        self._under_way[asker] -= 1
        if not self._under_way[asker]:
            del self._under_way[asker]
        return self._tasks.pop(key)

    def _land(self, key: K, task: asyncio.Task[T]) -> None:
        if self._tasks.get(key) is task:
            self._leave(key)
        # By this the error is looked at, which nobody may be waiting for any more.
        if _is_whole(task):
            self._landed[key] = task
            # Those who wait are woken in the next turn of the loop, which is before the one after.
            loop = task.get_loop()
            loop.call_soon(loop.call_soon, self._forget, key, task)

    def _forget(self, key: K, task: asyncio.Task[T]) -> None:
        if self._landed.get(key) is task:
            del self._landed[key]


def _is_whole(task: asyncio.Task[T]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
