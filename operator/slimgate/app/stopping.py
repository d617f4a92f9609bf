"""How a role ends: told to, or because one of its parts has failed."""

import asyncio
from collections.abc import Coroutine

from slimgate.core.errors import SlimgateError


async def until(stop: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Do the work until `stop` is set; what ends it before is raised.

    A part that fails ends its group, and a group's error is unpacked: what the reader can put
    right is one sentence, not a tree of tracebacks.
    """
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    for task in (working, stopping):
        task.cancel()
    await asyncio.wait([working, stopping])
    if not working.cancelled() and (error := working.exception()) is not None:
        raise _first(error)


def _first(error: BaseException) -> BaseException:
    inner = error
    while isinstance(inner, BaseExceptionGroup) and len(inner.exceptions) == 1:
        inner = inner.exceptions[0]
    return inner if isinstance(inner, SlimgateError) else error
