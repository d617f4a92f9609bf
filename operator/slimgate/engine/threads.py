"""Threads for what takes CPU time, apart from those in which names are looked up.

asyncio has one pool for all: whoever fills it keeps names from being resolved, which looks as if
their hosts were down.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar, TypeVarTuple

_NICEST: Final = 19

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Threads:
    """So many threads, started when they are first wanted; what is more waits its turn.

    They leave the processor to others by so much of `niceness`, the loop's thread among them.
    """

    def __init__(self, name: str, count: int, niceness: int = 0) -> None:
        self._pool = ThreadPoolExecutor(
            count,
            thread_name_prefix=f"slimgate-{name}",
            initializer=_be_nice,
            initargs=(niceness,),
        )

    async def run(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Call the function in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)

    def close(self) -> None:
        """Begin nothing more; what is under way ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def call_aside(work: Callable[[], T]) -> Future[T]:
    """Do blocking work in a thread of its own, which does not keep the program alive."""
    result: Future[T] = Future()
    threading.Thread(target=_run, args=(work, result), daemon=True).start()
    return result


def _run(work: Callable[[], T], result: Future[T]) -> None:
    # From here on a cancelled caller can't take the future away while it is being set.
    if not result.set_running_or_notify_cancel():
        return
    try:
        result.set_result(work())
    except BaseException as err:  # noqa: BLE001 - it is raised where it is waited for
        result.set_exception(err)


def _be_nice(niceness: int) -> None:
    # Elsewhere it is the whole process that has one (setpriority(2), "BUGS").
    if niceness and sys.platform == "linux":
        thread = threading.get_native_id()
        # From what the process has: nobody may take less without a right, and the pool would break.
        nicer = min(os.getpriority(os.PRIO_PROCESS, thread) + niceness, _NICEST)
        with suppress(PermissionError):  # where a sandbox permits none
            os.setpriority(os.PRIO_PROCESS, thread, nicer)
