"""Looks names of hosts up, so that nobody's slow ones keep another's waiting.

The C library waits for a name server that is silent for ten seconds and more, whoever has given up
meanwhile. asyncio has a handful of threads for that, so that a handful of names, which anybody may
have, would keep all others from being found.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

from slimgate.engine.fair import Fair
from slimgate.engine.threads import call_aside

_AT_ONCE: Final = 48
"""Names that are looked up, each in a thread, which takes little while it waits."""
_NUMERIC: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class FairResolver(AbstractResolver):
    """Asks the system, by turns of whoever `asker` says that it is for."""

    def __init__(self, asker: Callable[[], str], at_once: int = _AT_ONCE) -> None:
        self._asker = asker
        self._room = Fair(at_once)
        self._leaving: set[asyncio.Task[None]] = set()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look a name up; OSError if it is not found."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._room.hold(self._asker()))
            found = asyncio.wrap_future(call_aside(partial(_look_up, host, port, family)))
            # Whoever is cancelled leaves a thread behind that has its place until it ends.
            place = stack.pop_all()
            found.add_done_callback(lambda done: self._leave(done, place))
            return await asyncio.shield(found)

    async def close(self) -> None:
        """Hold nothing: threads end by themselves."""

    def _leave(self, done: asyncio.Future[list[ResolveResult]], place: AsyncExitStack) -> None:
        done.cancelled() or done.exception()  # which nobody may be waiting for
        task = asyncio.ensure_future(place.aclose())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)


def _look_up(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    found = socket.getaddrinfo(
        host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return [
        ResolveResult(
            hostname=host,
            host=str(address[0]),
            port=int(address[1]),
            family=kind,
            proto=protocol,
            flags=_NUMERIC,
        )
        for kind, _, protocol, _, address in found
        # Python may be built without IPv6, and gives bytes then.
        if isinstance(address[0], str)
    ]
