"""CPU time for what comes from outside, in turns: nobody's layers keep another's waiting.

A layer of some KB may take seconds to unpack, in which hundreds of admissions are answered. So work
is done in slices of some milliseconds, and after each it is the turn of whoever has had least: the
user, where one is known, and then the namespace.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar, TypeVarTuple

from slimgate.engine.bounded import Bounded
from slimgate.engine.fair import NOBODY, SPARE, user_of
from slimgate.engine.threads import Threads

_SLICE: Final = 0.02
"""Seconds. To hand one over takes a hundredth of it."""
_MAX_ASKERS: Final = 4_096
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class CpuObserver(Protocol):
    """Told of the time that work takes, for metrics."""

    def worked(self, seconds: float) -> None:
        """Hear of CPU time that was spent."""

    def put_off(self, seconds: float) -> None:
        """Hear that somebody has had his share, and has to wait for so long."""


class SilentCpuObserver:
    """Ignores what it hears."""

    def worked(self, seconds: float) -> None:
        """Do nothing."""

    def put_off(self, seconds: float) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one asker may have: so many seconds of CPU time at once, then a part of a processor.

    Who asks for nobody is not counted; what is spare has no seconds at once.
    """

    seconds: float = 10.0
    part: float = 0.25


class CpuTurns:
    """Hands out turns at so many threads; an asker has one of them, unless it asks for nobody.

    After each turn its thread rests for `rest` times as long: for work that can't be interrupted,
    as the standard library's JSON, which lets no other Python run.
    """

    def __init__(
        self,
        name: str,
        threads: int,
        *,
        share: Share | None = None,
        rest: float = 0.0,
        niceness: int = 0,
        observer: CpuObserver | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threads = Threads(name, threads, niceness)
        self._free = threads
        self._share = share or Share()
        self._rest = rest
        self._observer = observer or SilentCpuObserver()
        self._clock = clock
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._working: Counter[str] = Counter()
        self._had: Bounded[str, tuple[float, float]] = Bounded(_MAX_ASKERS)
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, asker: str, steps: Iterator[T | None]) -> T | None:
        """Go through the steps, which are small, as turns come; end early with what one gives."""
        while True:
            going = _Going(steps)
            if await self.call(asker, going.go_on):
                return going.given

    async def call(self, asker: str, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Call a function in a thread, as one turn."""
        await self._take(asker)
        spent = _Spent()
        try:
            return await self._threads.run(spent.on, function, *arguments)
        finally:
            self._give_back(asker, spent.seconds)

    def close(self) -> None:
        """Begin nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        self._threads.close()

    async def _take(self, asker: str) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(asker, deque()).append(turn)
        if delay := self._delay(asker):
            self._observer.put_off(delay)
        self._serve()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave(asker, turn)
            else:
                self._give_back(asker, 0.0)
            raise

    def _give_back(self, asker: str, seconds: float) -> None:
        self._working[asker] -= 1
        if not self._working[asker]:
            del self._working[asker]
        for who in {asker, user_of(asker)}:
            self._had.put(who, (self._debt(who) + seconds, self._clock()))
        self._observer.worked(seconds)
        rest = 0.0 if asker == NOBODY else seconds * self._rest
        asyncio.get_running_loop().call_later(rest, self._rested)

    def _rested(self) -> None:
        self._free += 1
        self._serve()

    def _serve(self) -> None:
        while self._free:
            delays = {
                asker: self._delay(asker)
                for asker in self._waiting
                if asker == NOBODY or asker not in self._working
            }
            ready = [asker for asker, delay in delays.items() if not delay]
            if not ready:
                self._come_again(delays)
                return
            asker = min(ready, key=self._order)
            turn = self._waiting[asker][0]
            self._leave(asker, turn)
            # Who has just been cancelled finds that out in the next turn of the loop.
            if not turn.done():
                self._free -= 1
                self._working[asker] += 1
                turn.set_result(None)

    def _order(self, asker: str) -> tuple[bool, float, float]:
        return asker == SPARE, self._debt(user_of(asker)), self._debt(asker)

    def _come_again(self, delays: dict[str, float]) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if delays:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(min(delays.values()), self._serve)

    def _debt(self, asker: str) -> float:
        """Count what it has had, less what time has given back."""
        seconds, since = self._had.get(asker) or (0.0, 0.0)
        return max(0.0, seconds - (self._clock() - since) * self._share.part)

    def _delay(self, asker: str) -> float:
        if asker == NOBODY:
            return 0.0
        at_once = 0.0 if asker == SPARE else self._share.seconds
        return max(0.0, self._debt(asker) - at_once) / self._share.part

    def _leave(self, asker: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(asker)
        if queue is not None and turn in queue:
            queue.remove(turn)
        if not queue:
            self._waiting.pop(asker, None)


class _Spent:
    """Measures what a call takes of its thread, however it ends."""

    seconds = 0.0

    def on(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        started = time.thread_time()
        try:
            return function(*arguments)
        finally:
            self.seconds = time.thread_time() - started


class _Going(Generic[T]):
    """Some of the steps."""

    given: T | None = None

    def __init__(self, steps: Iterator[T | None]) -> None:
        self._steps = steps

    def go_on(self) -> bool:
        """Go on for a while; True once the steps are over, or one has given something."""
        until = time.thread_time() + _SLICE
        for given in self._steps:
            if given is not None:
                self.given = given
                return True
            if time.thread_time() > until:
                return False
        return True
