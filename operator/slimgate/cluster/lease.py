"""Holds a Lease among several controllers, so that one of them leads.

core/election.py has the rules; this asks the API server, and opens the fence as they say.
"""

import asyncio
import logging
import math
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol, TypeVar

from slimgate.cluster.errors import ApiError, ConflictError, ExistsError, UnreachableError
from slimgate.cluster.fence import Fence, steady
from slimgate.cluster.mirror import Sink
from slimgate.core.election import Candidate, HeldLease, Timing, identity_of
from slimgate.core.errors import ClusterError, MissingError
from slimgate.core.json_object import JsonObject
from slimgate.core.text import printable
from slimgate.process.stopping import PartGroup

T = TypeVar("T")

_LOG: Final = logging.getLogger(__name__)
_RELEASE_SECONDS: Final = 2.0
_ATTEMPTS: Final = 2
"""One with what was known, one with what is so."""


class DeposedError(ClusterError):
    """Another controller has the Lease: what this one knows of its own writes is no longer all."""


class Runs(Protocol):
    """Watches, until cancelled; cluster.mirror does."""

    async def run(self) -> None:
        """Watch."""


class Store(Protocol):
    """The Lease; lease_store.py has the one of a cluster, and says what each does."""

    def mirror(self, sink: Sink) -> Runs:
        """Make what watches it."""

    async def get(self) -> HeldLease | None:
        """Read it."""

    async def write(self, candidate: Candidate) -> HeldLease:
        """Have a candidate hold it."""

    async def release(self, held: HeldLease) -> None:
        """Have nobody hold it."""

    def read(self, obj: JsonObject) -> HeldLease:
        """Read what a watch has sent."""


class Leadership:
    """Stands for the Lease while `standing` lasts, and tells by `leading` once it has it."""

    def __init__(
        self,
        store: Store,
        fence: Fence,
        timing: Timing,
        *,
        pod: str | None = None,
        clock: Callable[[], float] = steady,
    ) -> None:
        self.leading = asyncio.Event()
        self.problem: str | None = None
        """Why the Lease can't be had, if that is for want of a right or the like."""
        identity = identity_of(pod or socket.gethostname(), secrets.token_hex(4))
        self._candidate = Candidate(identity=identity, timing=timing, alone_in_pod=bool(pod))
        self._store = store
        self._fence = fence
        self._clock = clock
        self._said: str | None = None
        self._released = asyncio.Event()

    @property
    def leads(self) -> bool:
        """Whether it may write now."""
        return self._fence.is_open

    @asynccontextmanager
    async def standing(self) -> AsyncIterator[None]:
        """Stand for the Lease, and give it back in the end; DeposedError once it is another's."""
        try:
            async with PartGroup() as parts:
                running = parts.create_task(self.run())
                try:
                    yield
                finally:
                    running.cancel()
        finally:
            self._fence.close()
            await self._release()

    async def run(self) -> None:
        """Take the Lease when it is free, and renew it; ends with DeposedError only."""
        watching = asyncio.create_task(self._store.mirror(self).run())
        try:
            while True:
                self._released.clear()
                await self._turn()
                if self._candidate.is_deposed:
                    raise DeposedError(f"another controller leads now: {self._holder()}")
                if self._candidate.leads:
                    watching.cancel()
                await self._rest()
        finally:
            watching.cancel()

    def put(self, obj: JsonObject) -> None:
        """Hear that the Lease has changed (Sink)."""
        if not self._store.read(obj).holder:
            self._released.set()

    def drop(self, namespace: str, name: str) -> None:
        """Hear that there is no Lease any more (Sink)."""

    async def _rest(self) -> None:
        """Wait until the next look: when the Lease is given back, at the latest when it ends."""
        candidate = self._candidate
        left = math.inf if candidate.leads else candidate.free_at - self._clock()
        retry = candidate.timing.retry
        with suppress(TimeoutError):
            async with asyncio.timeout(min(retry, left) if left > 0 else retry):
                await self._released.wait()

    async def _turn(self) -> None:
        """Look at the Lease, and write it if that may be; a failure changes nothing."""
        said = None
        try:
            if not self._candidate.leads:
                await self._look()
            await self._write()
        except ApiError as error:
            said = str(error)
            self.problem = None if isinstance(error, UnreachableError) else said
            if said != self._said:
                _LOG.warning("the Lease %s could not be read or written: %s", self._store, said)
        else:
            self.problem = None
        self._said = said

    async def _write(self) -> None:
        for attempt in range(_ATTEMPTS):
            begun = self._clock()
            if not self._candidate.may_try(begun):
                return
            try:
                held = await self._timely(self._store.write(self._candidate))
            except (ConflictError, ExistsError, MissingError) as error:
                await self._look()
                if attempt and self._candidate.held is None:
                    raise
                _LOG.info("the Lease %s was written by another: %s", self._store, error)
            else:
                self._win(held, begun)
                return

    def _win(self, held: HeldLease, begun: float) -> None:
        self._candidate = self._candidate.won(held, begun)
        self._fence.open(self._candidate.writes_until)
        if not self.leading.is_set():
            _LOG.info("this controller leads, as %s", self._candidate.identity)
            self.leading.set()

    async def _look(self) -> None:
        held = await self._timely(self._store.get())
        before, self._candidate = self._holder(), self._candidate.heard(held, self._clock())
        if self._candidate.is_deposed:
            self._fence.close()
        elif self._holder() != before:
            _LOG.info("the Lease %s is held by %s", self._store, self._holder())

    def _holder(self) -> str:
        held = self._candidate.held
        return printable(held.holder, 253) if held and held.holder else "nobody"

    async def _release(self) -> None:
        """Give the Lease back, so that another need not wait for its end."""
        with suppress(ClusterError, TimeoutError):
            async with asyncio.timeout(_RELEASE_SECONDS):
                while self._candidate.leads and (held := self._candidate.held):
                    try:
                        await self._store.release(held)
                    except ConflictError:  # a renewal whose answer was lost
                        await self._look()
                    else:
                        return

    async def _timely(self, request: Awaitable[T]) -> T:
        """Wait for an answer, but not for so long that there is no time for another attempt."""
        try:
            async with asyncio.timeout(self._candidate.timing.renew / 2):
                return await request
        except TimeoutError as error:
            raise UnreachableError("the API server does not answer in time") from error
