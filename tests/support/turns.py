"""Whether the event loop gives its tasks their turns, on a machine that may be busy otherwise."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_PERIOD = 0.005


@asynccontextmanager
async def watching_turns() -> AsyncIterator[list[float]]:
    """Collect how much CPU time this process took between one turn of a task and the next.

    What other processes take of the machine does not count, and all threads of this one do: one
    that keeps the interpreter to itself keeps the loop from its turns.
    """
    taken = [0.0]

    async def watch() -> None:
        while True:
            before = time.process_time()
            await asyncio.sleep(_PERIOD)
            taken.append(time.process_time() - before)

    task = asyncio.create_task(watch())
    try:
        yield taken
    finally:
        task.cancel()
