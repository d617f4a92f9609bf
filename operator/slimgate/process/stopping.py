"""How a role ends: by a signal at any time, or because one of its parts has failed."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Final, NoReturn, TypeVar

from slimgate.core.errors import SlimgateError

T = TypeVar("T")

Role = Callable[[asyncio.Event], Coroutine[None, None, None]]
"""Ends soon after the event is set."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class StoppedError(Exception):
    """The role has ended because it was asked to."""


def run(load: Callable[[], Role]) -> NoReturn:
    """Import a role, run it to its end, and end the process.

    Loading may take seconds: until there is a loop that hears of signals, each of them ends the
    process at once. As the first process of a container it would ignore them otherwise.
    """
    for number in _SIGNALS:
        signal.signal(number, lambda *_: os._exit(0))
    role = load()

    async def until_stopped() -> None:
        with suppress(StoppedError):
            await role(stop_on_signals())

    asyncio.Runner().run(until_stopped())
    # Not as the interpreter ends, which would wait for threads: a look-up in a DNS that does not
    # answer takes a thread tens of seconds, and can't be cancelled.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


def stop_on_signals(stop: asyncio.Event | None = None) -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set, the one that is given or a new one."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    return stop


async def unless(stop: asyncio.Event, work: Coroutine[None, None, T]) -> T:
    """Return what the work gives; once `stop` is set, cancel it and raise StoppedError."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.wait([working, stopping])
    if working.cancelled():
        raise StoppedError
    return working.result()


async def whole(work: Coroutine[None, None, T]) -> T:
    """Do the work, and unpack what ends it.

    A part that fails ends its group, and what its reader can put right is one sentence, not a tree
    of tracebacks.
    """
    try:
        return await work
    except BaseExceptionGroup as group:
        raise _first(group) from group


def _first(error: BaseException) -> BaseException:
    inner = error
    while isinstance(inner, BaseExceptionGroup) and len(inner.exceptions) == 1:
        inner = inner.exceptions[0]
    return inner if isinstance(inner, SlimgateError) else error
