"""Threads for what takes CPU time, apart from those in which names are looked up.

asyncio has one pool for all: whoever fills it keeps names from being resolved, which looks as if
their hosts were down.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Threads:
    """So many threads, started when they are first wanted; what is more waits its turn."""

    def __init__(self, name: str, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=f"slimgate-{name}")

    async def run(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Call the function in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)

    def close(self) -> None:
        """Begin nothing more; what is under way ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)
