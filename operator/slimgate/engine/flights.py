"""One task for one question, however many ask it at the same time."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Flights(Generic[K, T]):
    """Work under way, by key. Who is cancelled while waiting does not end it for the others.

    Failures are not kept: whoever asks after one starts anew.
    """

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Task[T]] = {}
        self._landed: dict[K, asyncio.Task[T]] = {}

    def start(self, key: K, work: Callable[[], Coroutine[None, None, T]]) -> asyncio.Task[T]:
        """Begin the work unless it is under way; nobody has to wait for it."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.create_task(work())
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._land(key, done))
        return task

    async def join(self, key: K, work: Callable[[], Coroutine[None, None, T]]) -> T:
        """Wait for the work under way for the key, or start it."""
        return await asyncio.shield(self.start(key, work))

    def landed(self, key: K) -> T | None:
        """Give what work has brought a moment ago: those who waited for it may not have gone on."""
        task = self._tasks.get(key) or self._landed.get(key)
        return task.result() if task is not None and _is_whole(task) else None

    def __contains__(self, key: K) -> bool:
        """Whether the work for the key is under way."""
        return key in self._tasks

    async def close(self) -> None:
        """Cancel what is still under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _land(self, key: K, task: asyncio.Task[T]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
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
