"""How many requests a registry gets at once, and when it has asked to be left alone.

Nothing here sleeps: while a registry is to be left alone, calls fail at once with the time left,
since an admission must not wait for it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from slimgate.core.credentials.identity import Credential
from slimgate.core.errors import RateLimitedError
from slimgate.engine.bounded import Bounded
from slimgate.registry.settings import RegistrySettings

_MAX_HOSTS: Final = 4_096
_MAX_DIGITS: Final = 9


@dataclass(slots=True)
class _Gate:
    semaphore: asyncio.Semaphore
    users: int = 0


class Slots:
    """At most so many requests to a host at a time, so that a slow registry delays only its own."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._gates: dict[str, _Gate] = {}

    @asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """Wait for one of the host's slots."""
        gate = self._gates.setdefault(host, _Gate(asyncio.Semaphore(self._limit)))
        gate.users += 1
        try:
            async with gate.semaphore:
                yield
        finally:
            gate.users -= 1
            if not gate.users:
                del self._gates[host]


class RateLimits:
    """Counts by host; backs off by host and credential, since quotas belong to accounts."""

    def __init__(
        self, settings: RegistrySettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._slots = Slots(settings.concurrency)
        self._not_before: Bounded[tuple[str, Credential | None], float] = Bounded(_MAX_HOSTS)

    def slot(self, host: str) -> AbstractAsyncContextManager[None]:
        """Wait for one of the host's slots; held for one exchange, never while getting a token."""
        return self._slots.slot(host)

    def check(self, host: str, credential: Credential | None) -> None:
        """Raise RateLimitedError if the host asked not to be called yet."""
        until = self._not_before.get((host, credential))
        if until is None:
            return
        left = until - self._clock()
        if left <= 0:
            self._not_before.drop((host, credential))
            return
        raise RateLimitedError(
            # Without the time left: the text must not change with every look at it.
            f"{host} limits the rate of requests; slimgate waits until it may ask again",
            retry_after=left,
        )

    def back_off(self, host: str, credential: Credential | None, seconds: float | None) -> float:
        """Leave the host alone for so long, or for the default; return how long it will be."""
        wanted = self._settings.backoff_seconds if seconds is None else seconds
        pause = min(wanted, self._settings.max_backoff_seconds)
        key = (host, credential)
        self._not_before.put(key, max(self._not_before.get(key) or 0.0, self._clock() + pause))
        return pause


def remaining_of(header: str | None) -> int | None:
    """Read `RateLimit-Remaining: 20;w=21600`; None if there is none or it makes no sense."""
    text = (header or "").partition(";")[0].strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None
