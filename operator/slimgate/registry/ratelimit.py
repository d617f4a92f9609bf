"""How many requests a registry gets at once, and when it has asked to be left alone.

While a registry is to be left alone, calls fail at once with the time left, since an admission must
not wait for it; only for some seconds they wait themselves.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from slimgate.core.errors import RateLimitedError
from slimgate.engine.bounded import Bounded
from slimgate.engine.fair import Fair
from slimgate.registry.settings import RegistrySettings

_MAX_HOSTS: Final = 4_096
_MAX_DIGITS: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """Who limits requests, to which account: quotas belong to accounts.

    `via` is the registry that led there, if no reference did: what such a host says is no other's
    business, nor that registry's limit. `name` is what to call it.
    """

    host: str
    account: Hashable
    via: str = ""
    name: str = field(compare=False)


class Slots:
    """At most so many requests to a host at a time, so that a slow registry delays only its own.

    What one namespace asks of it does not keep another's waiting.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._hosts: dict[str, Fair] = {}

    @asynccontextmanager
    async def slot(self, host: str, asker: str) -> AsyncIterator[None]:
        """Wait for one of the host's slots."""
        fair = self._hosts.setdefault(host, Fair(self._limit))
        try:
            async with fair.hold(asker):
                yield
        finally:
            if fair.is_unused:
                self._hosts.pop(host, None)


class RateLimits:
    """Counts by host, and leaves alone whoever asks for it."""

    def __init__(
        self, settings: RegistrySettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._slots = Slots(settings.concurrency)
        self._all = Fair(settings.max_requests)
        self._not_before: Bounded[Whom, float] = Bounded(_MAX_HOSTS)

    @asynccontextmanager
    async def slot(self, host: str, asker: str) -> AsyncIterator[None]:
        """Wait for one of the host's slots; held for one exchange, never while getting a token."""
        async with self._slots.slot(host, asker), self._all.hold(asker):
            yield

    def check(self, whom: Whom) -> None:
        """Raise RateLimitedError if it asked not to be called yet."""
        until = self._not_before.get(whom)
        if until is None:
            return
        left = until - self._clock()
        if left <= 0:
            self._not_before.drop(whom)
            return
        raise RateLimitedError(
            # Without the time left: the text must not change with every look at it.
            f"{whom.name} limits the rate of requests; slimgate waits until it may ask again",
            retry_after=left,
        )

    async def pass_through(self, whom: Whom) -> None:
        """Wait for the end of a pause that is as short as those between tries; else as `check`."""
        try:
            self.check(whom)
        except RateLimitedError as err:
            if err.retry_after is None or err.retry_after > self.patience:
                raise
            await asyncio.sleep(err.retry_after)

    @property
    def patience(self) -> float:
        """How long one call waits for a host that is busy, in all."""
        return sum(self._settings.retries)

    def pauses(self) -> tuple[float, ...]:
        """Give the pauses between tries, not the same for all who wait."""
        return tuple(one * random.uniform(0.8, 1.2) for one in self._settings.retries)  # noqa: S311

    def heed(self, whom: Whom, error: RateLimitedError) -> RateLimitedError:
        """Leave it alone for as long as it asks, or the default; say in the error how long."""
        seconds = error.retry_after
        wanted = self._settings.backoff_seconds if seconds is None else seconds
        pause = min(wanted, self._settings.max_backoff_seconds)
        self._not_before.put(whom, max(self._not_before.get(whom) or 0.0, self._clock() + pause))
        return RateLimitedError(str(error), code=error.code, retry_after=pause)


def remaining_of(header: str | None) -> int | None:
    """Read `RateLimit-Remaining: 20;w=21600`; None if there is none or it makes no sense."""
    text = (header or "").partition(";")[0].strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None
