"""Turns of what waits for others: fair to all askers, and in time or not at all."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Final

from slimgate.core.errors import OverloadedError
from slimgate.engine.fair import Fair, most_of

MAX_WAITING: Final = 20
"""For places of one kind: who waits and who has one are together fewer than may be connected."""


class Turns:
    """So many at once, so many more that wait for it; one asker's keep no other's waiting.

    Each that waits holds a connection, of which there are only so many. So where too many wait, of
    whoever has most the newest is told at once that there is no place.
    """

    def __init__(self, at_once: int, waiting: int = MAX_WAITING) -> None:
        self._fair = Fair(at_once)
        self._most = waiting
        self._waiting: dict[str, list[asyncio.Timeout]] = {}

    @asynccontextmanager
    async def hold(self, asker: str, seconds: float) -> AsyncIterator[None]:
        """Hold a place; OverloadedError if there is none in time."""
        async with AsyncExitStack() as stack:
            if self._fair.serves(asker):
                await stack.enter_async_context(self._fair.hold(asker))
            else:
                await self._wait(asker, seconds, stack)
            yield

    async def _wait(self, asker: str, seconds: float, stack: AsyncExitStack) -> None:
        try:
            async with asyncio.timeout(seconds) as limit:
                with self._among_waiting(asker, limit):
                    await stack.enter_async_context(self._fair.hold(asker))
        except TimeoutError as err:
            raise OverloadedError("slimgate has too many requests at once") from err

    @contextmanager
    def _among_waiting(self, asker: str, limit: asyncio.Timeout) -> Iterator[None]:
        self._waiting.setdefault(asker, []).append(limit)
        try:
            if sum(map(len, self._waiting.values())) > self._most:
                self._turn_away()
            yield
        finally:
            self._leave(asker, limit)

    def _turn_away(self) -> None:
        asker = most_of({who: len(limits) for who, limits in self._waiting.items()})
        limit = self._waiting[asker][-1]
        self._leave(asker, limit)
        if not limit.expired():
            limit.reschedule(asyncio.get_running_loop().time())

    def _leave(self, asker: str, limit: asyncio.Timeout) -> None:
        limits = self._waiting.get(asker, [])
        if limit in limits:
            limits.remove(limit)
        if not limits:
            self._waiting.pop(asker, None)


class ReviewPlace(AsyncExitStack):
    """A review's place, which it has from when it takes it to its end: engine.ports.Place."""

    def __init__(self, turns: Turns, asker: str) -> None:
        super().__init__()
        self.asker = asker
        self.is_refused = False
        """Whether there was none when it wanted one."""
        self._turns = turns
        self._is_taken = False

    async def take(self, seconds: float) -> None:
        """Wait for it so long, once; OverloadedError if there is none in time."""
        if self._is_taken:
            return
        try:
            await self.enter_async_context(self._turns.hold(self.asker, seconds))
        except OverloadedError:
            self.is_refused = True
            raise
        self._is_taken = True
