"""A registry that does what a test tells it, on loopback, and writes down what it is asked."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

Behaviour = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"),
    "lines": (b"", b"\r\n"),
    "chunks of a byte": (CHUNKED, b"1\r\na\r\n"),
    "an extension": (CHUNKED + b"1;a=", b"x"),
    "trailers": (CHUNKED + b"0\r\n", b"X: y\r\n"),
}
"""What takes a parser much longer than a body: how it begins, and goes on for ever."""


@dataclass(kw_only=True)
class Hostile:
    """A running server; `seen` are the requests it got, `host` what references write."""

    host: str
    seen: list[web.BaseRequest] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.host}"

    def authorizations(self) -> list[str | None]:
        """List the Authorization headers it got."""
        return [request.headers.get("Authorization") for request in self.seen]


@asynccontextmanager
async def hostile(
    behave: Behaviour, context: ssl.SSLContext | None = None
) -> AsyncIterator[Hostile]:
    """Serve until the test is done; handlers that still run are cut off."""
    server = Hostile(host="")

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        server.seen.append(request)
        return await behave(request)

    # Not 0, which aiohttp takes for "as long as it takes".
    runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    server.host = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw(answer: bytes) -> AsyncIterator[Hostile]:
    """Serve the same bytes to everyone, whether they are HTTP or not."""
    server = Hostile(host="")

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    server.host = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()


@asynccontextmanager
async def framing(kind: str, context: ssl.SSLContext | None = None) -> AsyncIterator[Hostile]:
    """Send everyone frames without end, as ENDLESS has them, until they hang up."""
    first, rest = ENDLESS[kind]

    async def send(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            writer.write(first)
            while True:
                writer.write(rest * (2**18 // len(rest)))
                await writer.drain()

    listening = await asyncio.start_server(send, "127.0.0.1", 0, ssl=context)
    async with listening:
        yield Hostile(host=f"127.0.0.1:{listening.sockets[0].getsockname()[1]}")


class FakeDns(AbstractResolver):
    """Resolves names to what a test says; each look-up takes the name's next answer."""

    def __init__(self, names: Mapping[str, list[str]]) -> None:
        self._names = {name: list(addresses) for name, addresses in names.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Give the next answer, the last one for ever; `,` separates addresses of one answer."""
        del family
        self.asked.append(host)
        if host not in self._names:
            raise OSError(f"{host} does not resolve")
        answers = self._names[host]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in answer.split(",")
        ]

    async def close(self) -> None:
        """Nothing is held."""


async def endless(request: web.BaseRequest) -> web.StreamResponse:
    """Answer with a body that never ends, as fast as it is read."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(bytes(64 * 1024))


async def drip(request: web.BaseRequest) -> web.StreamResponse:
    """Answer with a byte now and then, for ever."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.01)


async def silent(request: web.BaseRequest) -> web.StreamResponse:
    """Never answer."""
    del request
    await asyncio.Event().wait()
    raise AssertionError
