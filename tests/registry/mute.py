"""Registries that do not answer, or only when they are told to."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.registry.hostile import Behaviour, Hostile


@dataclass
class Moody:
    """Behaves as it is told at the time, and tells that somebody has come."""

    behave: Behaviour
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer, or not."""
        self.came.set()
        return await self.behave(request)


@asynccontextmanager
async def refusing() -> AsyncIterator[Hostile]:
    """Hold a port that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield Hostile(host=f"127.0.0.1:{held.getsockname()[1]}")


@asynccontextmanager
async def full() -> AsyncIterator[Hostile]:
    """Listen, accept nobody, and have no room for another who waits: what is sent is dropped."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield Hostile(host=f"127.0.0.1:{listener.getsockname()[1]}")


@asynccontextmanager
async def unnamed() -> AsyncIterator[Hostile]:
    """Be nowhere."""
    yield Hostile(host="nowhere.test:5000")
