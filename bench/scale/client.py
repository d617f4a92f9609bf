"""The bare client: sends requests over so many kept connections, and does nothing else."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import aiohttp

from bench.processes import BenchError

JSON: Final = "application/json"
MERGE: Final = "application/merge-patch+json"
STRATEGIC: Final = "application/strategic-merge-patch+json"
_SECONDS: Final = 60.0
_LATER: Final = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request."""

    method: str
    path: str
    body: object = None
    content_type: str = JSON


class Client:
    """One user of the API server; `connections` are as many requests as are under way at most."""

    def __init__(self, session: aiohttp.ClientSession, server: str, connections: int) -> None:
        self._session = session
        self._server = server
        self._connections = connections

    async def call(self, call: Call) -> dict[str, Any]:
        """Ask once; BenchError says what the API server did not like."""
        data = None if call.body is None else json.dumps(call.body)
        headers = {"Content-Type": call.content_type}
        url = self._server + call.path
        while True:
            asking = self._session.request(call.method, url, data=data, headers=headers)
            async with asking as answer:
                text = await answer.read()
                if answer.status in _LATER:
                    await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
                    continue
                if answer.status >= HTTPStatus.BAD_REQUEST:
                    raise BenchError(f"{call.method} {call.path}: {text.decode()[:300]}")
            found: dict[str, Any] = json.loads(text)
            return found

    async def all(self, calls: Iterable[Call]) -> float:
        """Send all, as many at once as there are connections; return how many seconds it took."""
        left, started = iter(calls), time.monotonic()

        async def work() -> None:
            for call in left:
                await self.call(call)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._connections):
                tasks.create_task(work())
        return time.monotonic() - started

    async def until(
        self, call: Call, holds: Callable[[dict[str, Any]], bool], seconds: float
    ) -> float:
        """Ask until an answer is as it should be; return how many seconds that took."""
        started = time.monotonic()
        while not holds(await self.call(call)):
            if time.monotonic() - started > seconds:
                raise BenchError(f"{call.path} is not as it should be after {seconds:g} s")
            await asyncio.sleep(0.05)
        return time.monotonic() - started


@asynccontextmanager
async def connected(
    server: str, pki: Path, user: str, connections: int = 16
) -> AsyncIterator[Client]:
    """Connect as a user whose certificate is in a folder."""
    context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    context.load_cert_chain(pki / f"{user}.crt", pki / f"{user}.key")
    connector = aiohttp.TCPConnector(ssl=context, limit=0, keepalive_timeout=60)
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield Client(session, server, connections)
