"""How a role ends: by a signal at any time, or because one of its parts has failed."""

import asyncio
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from contextvars import Context
from typing import Any, Final, NoReturn, TypeVar, cast

from slimgate.core.errors import SlimgateError
from slimgate.process.garbage import short_collections
from slimgate.process.loop import WatchedLoop

T = TypeVar("T")

Role = Callable[[asyncio.Event], Coroutine[None, None, None]]
"""Ends soon after the event is set."""

_SWITCH_SECONDS: Final = 0.0005
"""After so long Python code in another thread makes way for the loop: an admission does so often.

By default it is 5 ms, ten times the work that an admission is.
"""
_MALLOC: Final = {
    -3: 64 * 2**10,  # M_MMAP_THRESHOLD
    -1: 128 * 2**10,  # M_TRIM_THRESHOLD
    -8: 2,  # M_ARENA_MAX
}
"""Knobs of the C library, by their numbers."""
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class StoppedError(Exception):
    """The role has ended because it was asked to."""


def run(load: Callable[[], Role], said: Callable[[Exception], int]) -> NoReturn:
    """Import a role, run it to its end, and end the process.

    Where an error ends it `said` says so, and gives the exit status.

    Loading may take seconds: until there is a loop that hears of signals, each of them ends the
    process at once. As the first process of a container it would ignore them otherwise.
    """
    for number in _SIGNALS:
        signal.signal(number, lambda *_: os._exit(0))
    sys.setswitchinterval(_SWITCH_SECONDS)
    give_memory_back()
    role = load()

    async def until_stopped() -> None:
        with suppress(StoppedError):
            await role(stop_on_signals())

    status = 0
    try:
        with short_collections():
            asyncio.Runner(loop_factory=WatchedLoop).run(until_stopped())
    except Exception as error:  # noqa: BLE001 - whatever it is, the process ends here
        status = said(error)
    # Not as the interpreter ends, which would wait for threads: a look-up in a DNS that does not
    # answer takes a thread tens of seconds, and can't be cancelled.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(status)


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


class PartGroup(asyncio.TaskGroup):
    """A group that any of its parts ends, be it by a cancellation that nobody has asked for.

    asyncio takes such an end for a wanted one, and the others would go on without the part.
    """

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        """Begin a part."""
        part = cast("Coroutine[Any, Any, T]", coro)
        return super().create_task(_noticed(part), name=name, context=context)


async def _noticed(part: Coroutine[Any, Any, T]) -> T:
    try:
        return await part
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise RuntimeError("a part was ended by what it waited for") from error


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


def give_memory_back() -> None:
    """Map each large block by itself, so that it is unmapped when it is freed.

    As it is, glibc raises that threshold to the largest block that was ever freed, up to 32 MiB,
    and bodies of megabytes leave holes between what is kept: a webhook stayed at 410 MB.
    https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    # Other C libraries have no such knobs.
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for knob, value in _MALLOC.items():
            mallopt(knob, value)
