"""Floods of a port from one address, and how much of them is done before another is answered."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp.web import BaseRequest, Response

from slimgate.cluster.certificates.authority import make
from slimgate.process.port import Port
from tests.live.programs import free_port

ANY, HOST, OTHER = "0.0.0.0", "127.0.0.1", "127.0.0.2"  # noqa: S104 - clients of two addresses
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CROWD = 200
FEW = 16
"""Far below what a crowd has, and above what rounds of the loop in between let through."""


@dataclass
class Served:
    """A port, and what it has done."""

    number: int
    trust: ssl.SSLContext
    shaken: int = 0
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: BaseRequest) -> Response:
        """Answer at once."""
        self.asked.append(request.remote or "")
        return Response(text="hello")

    def shake(self, *_: object) -> None:
        """Hear that a client has said hello."""
        self.shaken += 1

    async def connect(self, *, tls: bool, address: str = HOST) -> "Streams":
        """Connect from an address of this machine."""
        context = self.trust if tls else None
        return await asyncio.open_connection(
            HOST, self.number, ssl=context, local_addr=(address, 0)
        )


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def serving(folder: Path, *, tls: bool) -> AsyncIterator[Served]:
    """Serve on a free port."""
    made = make([HOST], datetime.now(UTC))
    served = Served(free_port(ANY), ssl.create_default_context(cadata=made.ca_bundle.decode()))
    context = None
    if tls:
        (folder / "tls.crt").write_bytes(made.certificate)
        (folder / "tls.key").write_bytes(made.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        context.sni_callback = served.shake
    port = Port(served.answer, shutdown_seconds=1.0, context=context)
    await port.open(ANY, served.number)
    try:
        yield served
    finally:
        await port.end()


@contextmanager
def all_closed(crowd: list[Streams]) -> Iterator[None]:
    """Hang up at the end."""
    with ExitStack() as stack:
        for _, writer in crowd:
            stack.callback(writer.transport.abort)
        yield


async def said(streams: Streams) -> bytes:
    """Ask, and return the answer's first line."""
    reader, writer = streams
    writer.write(GET)
    return await reader.readline()


def hello() -> bytes:
    """Write what a client begins a handshake with."""
    context, sent = ssl.create_default_context(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=HOST).do_handshake()
    return sent.read()


async def test_handshakes(tmp_path: Path) -> None:
    """Whoever connects beside 200 handshakes of another address waits for few of them."""
    async with serving(tmp_path, tls=True) as served:
        crowd = [await served.connect(tls=False, address=OTHER) for _ in range(CROWD)]
        first = hello()
        with all_closed(crowd):
            for _, writer in crowd:
                writer.write(first)
            streams = await served.connect(tls=True)
            shaken = served.shaken
            with closing(streams[1]):
                assert await said(streams) == b"HTTP/1.1 200 OK\r\n"

    assert 1 <= shaken <= FEW


@pytest.mark.parametrize("tls", [False, True])
async def test_requests(tmp_path: Path, *, tls: bool) -> None:
    """Whoever asks beside 200 requests of another address waits for few of them."""
    async with serving(tmp_path, tls=tls) as served:
        crowd = [await served.connect(tls=tls, address=OTHER) for _ in range(CROWD)]
        streams = await served.connect(tls=tls)
        with all_closed(crowd), closing(streams[1]):
            for _, writer in crowd:
                writer.write(GET)
            assert await said(streams) == b"HTTP/1.1 200 OK\r\n"

    assert served.asked.index(HOST) <= FEW


@pytest.mark.parametrize("tls", [False, True])
async def test_requests_without_waiting(tmp_path: Path, *, tls: bool) -> None:
    """Whoever sends requests without waiting for answers is hung up on."""
    async with serving(tmp_path, tls=tls) as served:
        reader, writer = await served.connect(tls=tls)
        writer.write(GET * 1_000)
        with closing(writer), suppress(OSError):
            while await reader.read(2**16):
                pass
        streams = await served.connect(tls=tls)
        with closing(streams[1]):
            assert await said(streams) == b"HTTP/1.1 200 OK\r\n"

    assert len(served.asked) <= 2


async def test_records_of_a_byte(tmp_path: Path) -> None:
    """Whoever sends TLS that carries next to nothing is hung up on."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    sent = 0
    async with serving(tmp_path, tls=True) as served:
        _, writer = await served.connect(tls=True)
        writer.write(head)
        with closing(writer):
            while sent < 20_000 and not writer.is_closing():
                for _ in range(100):
                    writer.write(b" ")
                sent += 100
                await asyncio.sleep(0)

    assert sent < 20_000
