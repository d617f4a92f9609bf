"""So much of something at once, handed out so that nobody keeps the others waiting."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

NOBODY: Final = ""
"""Who asks for slimgate itself, or where there is one user only: may have all."""
SPARE: Final = "*"
"""Who asks for what nobody waits for; no namespace is called so."""


class Fair:
    """Hands out `capacity`; whoever holds least is served first.

    An asker gets more only while as much again is left over, as switches share their buffers
    (dynamic thresholds, https://doi.org/10.1109/90.664262): the first may so hold half, the next a
    quarter, and however long they hold it, something is left for one who comes later.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.free = capacity
        """What nobody holds."""
        self._held: dict[str, int] = {}
        self._waiting: dict[str, deque[tuple[int, asyncio.Future[None]]]] = {}

    @property
    def is_unused(self) -> bool:
        """Whether nobody holds any or waits for some."""
        return not self._held and not self._waiting

    def serves(self, asker: str, amount: int = 1) -> bool:
        """Whether an asker gets an amount without waiting."""
        return asker not in self._waiting and self._may(asker, amount)

    @asynccontextmanager
    async def hold(self, asker: str, amount: int = 1) -> AsyncIterator[None]:
        """Wait for an amount, and hold it; more than all is taken for all."""
        amount = min(amount, self._capacity)
        await self._take(asker, amount)
        try:
            yield
        finally:
            self._give_back(asker, amount)

    async def _take(self, asker: str, amount: int) -> None:
        if self.serves(asker, amount):
            self._grant(asker, amount)
            return
        granted = asyncio.get_running_loop().create_future()
        entry = amount, granted
        self._waiting.setdefault(asker, deque()).append(entry)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.cancelled():
                self._leave(asker, entry)
                self._serve()
            else:
                self._give_back(asker, amount)
            raise

    def _may(self, asker: str, amount: int) -> bool:
        held = self._held.get(asker, 0)
        return amount <= self.free and (asker == NOBODY or not held or held + amount <= self.free)

    def _grant(self, asker: str, amount: int) -> None:
        self.free -= amount
        self._held[asker] = self._held.get(asker, 0) + amount

    def _give_back(self, asker: str, amount: int) -> None:
        self.free += amount
        self._held[asker] -= amount
        if not self._held[asker]:
            del self._held[asker]
        self._serve()

    def _serve(self) -> None:
        while ready := [who for who, queue in self._waiting.items() if self._may(who, queue[0][0])]:
            asker = min(ready, key=lambda who: self._held.get(who, 0))
            amount, granted = entry = self._waiting[asker][0]
            self._leave(asker, entry)
            if asker in self._waiting:
                # Others who hold as little come before whoever has just been served.
                self._waiting[asker] = self._waiting.pop(asker)
            # Who has just been cancelled finds that out in the next turn of the loop.
            if not granted.done():
                self._grant(asker, amount)
                granted.set_result(None)

    def _leave(self, asker: str, entry: tuple[int, asyncio.Future[None]]) -> None:
        queue = self._waiting.get(asker)
        if queue is not None and entry in queue:
            queue.remove(entry)
        if not queue:
            self._waiting.pop(asker, None)
