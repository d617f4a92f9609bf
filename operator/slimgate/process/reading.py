"""Whose bytes are read next, and how much of the loop's time that may take.

A loop does all that is ready before it looks again. So whoever has 200 connections, and something
to say on each, would have 200 times as much of it as who has one.
"""

import asyncio
import time
from collections.abc import Callable, Hashable
from typing import Final

_AT_A_TIME: Final = 2
"""Steps, before all else that is ready has its turn."""
_ALONE_AT_A_TIME: Final = 8
"""The same where only one address has had any for a while: fewer rounds cost less, and nobody
else is kept waiting.
"""
_ALONE_SECONDS: Final = 1.0
_BURST_SECONDS: Final = 0.1
"""What may be taken at once where little was: API servers begin with dozens of connections."""

Step = Callable[[], None]


class _Waiting:
    """What is to be done for one address."""

    def __init__(self) -> None:
        self.begun: dict[Hashable, Step] = {}
        self.new: dict[Hashable, Step] = {}

    def __len__(self) -> int:
        return len(self.begun) + len(self.new)

    def take(self) -> Step:
        """Take the next step.

        What has begun is ended first, in its order. Of what is new the last to come is first: where
        more comes than can be done, whoever sent the others has given them up by then.
        """
        if self.begun:
            return self.begun.pop(next(iter(self.begun)))
        return self.new.popitem()[1]


class ReadingTurns:
    """Does steps at once where few have come, else by turns of the addresses that they are for.

    They have a `share` of the loop's time; `spent` tells what they take of it.
    """

    def __init__(
        self, *, share: float = 1.0, spent: Callable[[], float] = time.thread_time
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._share = share
        self._spent = spent
        self._waiting: dict[str, _Waiting] = {}
        self._credit = _BURST_SECONDS
        self._since = self._loop.time()
        self._next: asyncio.Handle | None = None
        self._left = _AT_A_TIME
        self._peer = ""
        self._alone_from = self._since + _ALONE_SECONDS

    def do(self, peer: str, key: Hashable, step: Step, *, new: bool = False) -> bool:
        """Do a step, and tell whether it is done already; else it will be, if not forgotten.

        Each key has one at a time, and `new` ones wait for all of their address that have begun.
        """
        if peer != self._peer:
            self._peer, self._alone_from = peer, self._loop.time() + _ALONE_SECONDS
            self._left = min(self._left, _AT_A_TIME)
        if self._next is None:
            self._arrange()
        if self._left > 0 and not self._waiting and self._has_credit():
            self._left -= 1
            self.at_once(step)
            return True
        waiting = self._waiting.setdefault(peer, _Waiting())
        (waiting.new if new else waiting.begun)[key] = step
        return False

    def at_once(self, step: Step) -> None:
        """Do what can't wait, and have others wait for what it takes."""
        if self._share >= 1:
            step()  # to measure takes a system call, twice
            return
        began = self._spent()
        try:
            step()
        finally:
            self._credit -= self._spent() - began

    def forget(self, peer: str, key: Hashable) -> None:
        """Do what this waits for no more."""
        if (waiting := self._waiting.get(peer)) is not None:
            waiting.begun.pop(key, None)
            waiting.new.pop(key, None)
            if not waiting:
                del self._waiting[peer]

    def hurry(self) -> None:
        """Have as much of the loop's time as it takes: no more will come than what is there."""
        self._share, self._credit = 1.0, _BURST_SECONDS
        if self._next is not None:
            self._next.cancel()
            self._arrange()

    def finish(self) -> None:
        """Do all that waits now."""
        for _ in range(sum(map(len, self._waiting.values()))):
            if self._waiting:  # a step may be the end of another
                self._take()()

    def close(self) -> None:
        """Do nothing more of what waits."""
        self._waiting.clear()
        if self._next is not None:
            self._next.cancel()

    def _arrange(self) -> None:
        missing = -self._credit / self._share
        later = self._loop.call_later
        self._next = later(missing, self._turn) if missing > 0 else self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._next = None
        self._left = self._at_a_time
        try:
            while self._left > 0 and self._waiting and self._has_credit():
                self._left -= 1
                self.at_once(self._take())
        finally:
            if self._waiting and self._next is None:
                self._arrange()

    @property
    def _at_a_time(self) -> int:
        is_alone = self._share >= 1 and self._loop.time() >= self._alone_from
        return _ALONE_AT_A_TIME if is_alone else _AT_A_TIME

    def _take(self) -> Step:
        peer, waiting = next(iter(self._waiting.items()))
        del self._waiting[peer]
        step = waiting.take()
        if waiting:
            self._waiting[peer] = waiting
        return step

    def _has_credit(self) -> bool:
        if self._share >= 1:
            return True  # nothing is ever taken of it
        now = self._loop.time()
        self._credit = min(_BURST_SECONDS, self._credit + (now - self._since) * self._share)
        self._since = now
        return self._credit > 0
