"""Crowds of connections to both ports of a real server, and who is answered meanwhile."""

import asyncio
import json
import resource
import signal
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import pytest

from slimgate.process.port import MAX_CONNECTIONS
from tests.process.test_stopping import ends, program
from tests.webhook.engine import SLIM
from tests.webhook.reviews import deployment, review
from tests.webhook.serving import HOST, Live, serving

SERVER = """
    import asyncio, json
    from pathlib import Path
    from slimgate.process.stopping import stop_on_signals
    from tests.webhook.serving import serving

    async def main():
        stop = stop_on_signals()
        async with serving(Path(FOLDER)) as live:
            print(json.dumps([live.port, live.health_port, live.served.decode()]), flush=True)
            await stop.wait()

    asyncio.run(main())
"""
CROWD = 500
MAX_OPEN = MAX_CONNECTIONS + 16
"""Connections, and those that are accepted before others are closed."""
HELLO = bytes.fromhex("1603010200010001fc0303")
"""How a client begins a handshake."""
BODY = review(deployment(SLIM))
HEAD = b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
REVIEW = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
HALF_A_BODY = HEAD + b"Content-Length: 130000\r\n\r\n" + b" " * 120_000
LARGE_HEAD = HEAD + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 4_000) for n in range(28))


@dataclass(frozen=True)
class Server:
    """A server in its own process."""

    process: Popen[str]
    port: int
    health_port: int
    context: ssl.SSLContext

    @property
    def megabytes(self) -> int:
        """Its memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) // 1024

    @property
    def descriptors(self) -> int:
        """How many it has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Run a server."""
    with program(SERVER.replace("FOLDER", repr(str(folder)))) as process:
        assert process.stdout is not None
        port, health_port, trusted = json.loads(process.stdout.readline())
        yield Server(process, port, health_port, ssl.create_default_context(cadata=trusted))


@asynccontextmanager
async def crowd(
    count: int, port: int, context: ssl.SSLContext | None, sent: bytes
) -> AsyncIterator[None]:
    """Hold so many connections on which this is sent; the server may close them."""
    held = list[asyncio.StreamWriter]()

    async def one() -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(HOST, port, ssl=context)
            held.append(writer)
            writer.write(sent)
            if sent == REVIEW:
                await reader.readuntil(b"\r\n\r\n")

    try:
        for _ in range(count // 50):
            await asyncio.gather(*(one() for _ in range(50)))
        yield
    finally:
        for writer in held:
            writer.transport.abort()


async def answered(server: Server, stop: asyncio.Event) -> float:
    """Ask on a kept connection until told to stop, then on new ones; return the slowest's time."""
    loop, slowest = asyncio.get_running_loop(), 0.0
    kept = await asyncio.open_connection(HOST, server.port, ssl=server.context)
    rest = 5
    while rest := rest - stop.is_set():
        started = loop.time()
        if stop.is_set():
            kept[1].close()
            kept = await asyncio.open_connection(HOST, server.port, ssl=server.context)
        kept[1].write(REVIEW)
        head = (await kept[0].readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200 ok")
        await kept[0].readexactly(int(head.partition(b"content-length: ")[2].split()[0]))
        slowest = max(slowest, loop.time() - started)
        await asyncio.sleep(0.02)
    kept[1].close()
    return slowest


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "tls", "megabytes"),
    [
        pytest.param(b"", False, 40, id="nothing"),
        pytest.param(HELLO, False, 40, id="half a handshake"),
        pytest.param(b"", True, 40, id="a handshake"),
        pytest.param(HEAD, True, 40, id="half a head"),
        pytest.param(LARGE_HEAD, True, 130, id="half a head of 112 KB"),
        pytest.param(HALF_A_BODY, True, 130, id="half a body of 130 KB"),
        pytest.param(REVIEW, True, 40, id="a review"),
        pytest.param(HEAD, None, 20, id="half a head for /livez"),
    ],
)
async def test_crowds(tmp_path: Path, sent: bytes, *, tls: bool | None, megabytes: int) -> None:
    """They take little memory, and others are answered, on old connections and on new ones."""
    with running(tmp_path) as server:
        before, stop = server.megabytes, asyncio.Event()
        honest = asyncio.create_task(answered(server, stop))
        port = server.health_port if tls is None else server.port
        async with crowd(CROWD, port, server.context if tls else None, sent):
            grown, descriptors = server.megabytes - before, server.descriptors
            stop.set()
            slowest = await honest
            status, seconds = ends(server.process, signal.SIGTERM)
        assert server.process.stdout is not None
        said = server.process.stdout.readlines()

    assert grown < megabytes
    assert descriptors < MAX_OPEN + 20
    assert slowest < 3.0
    assert (status, seconds < 9.0) == (0, True)
    # With TLS the crowd may be too slow to fill the port, since handshakes have their pace.
    assert len(said) == 1 or (tls and not said)
    room = f"{MAX_CONNECTIONS} connections are open; closing those that ask"
    assert all(line.startswith(room) for line in said)


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
IN_CHUNKS = CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)


@pytest.mark.parametrize(
    ("path", "rest"),
    [(b"/validate", b"1\r\n \r\n"), (b"/livez", b"1\r\n \r\n"), (b"/validate", b"1;a=b\r\n \r\n")],
)
async def test_bodies_in_chunks_of_a_byte(tmp_path: Path, path: bytes, rest: bytes) -> None:
    """Who sends such a body is hung up on before it takes time, and other chunks are read."""
    async with serving(tmp_path) as live:
        at_health = path == b"/livez"
        port, context = (live.health_port, None) if at_health else (live.port, live.context)
        reader, writer = await asyncio.open_connection(HOST, port, ssl=context)
        writer.write(CHUNKED.replace(b"/validate", path))
        until = time.monotonic() + 3.0
        while not writer.is_closing() and time.monotonic() < until:
            writer.write(rest * 1_000)
            await asyncio.sleep(0)
        was_cut = writer.is_closing()
        writer.transport.abort()
        reader, writer = await asyncio.open_connection(HOST, live.port, ssl=live.context)
        writer.write(IN_CHUNKS)
        head = await reader.readuntil(b"\r\n")
        writer.transport.abort()

    assert was_cut
    assert head == b"HTTP/1.1 200 OK\r\n"


async def test_no_descriptors_left(tmp_path: Path) -> None:
    """Where the process may have no more files open, it closes whom nobody misses, too."""
    with running(tmp_path) as server:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (60, 60))
        stop = asyncio.Event()
        honest = asyncio.create_task(answered(server, stop))
        async with crowd(200, server.port, None, b""):
            stop.set()
            assert await honest < 5.0


async def closed_after(port: int, context: ssl.SSLContext | None, *sent: bytes) -> float | None:
    """Send something, and return after how many seconds the server closes; None if it does not."""
    reader, writer = await asyncio.open_connection(HOST, port, ssl=context)
    clock = asyncio.get_running_loop().time
    for part in sent:
        writer.write(part)
        await asyncio.sleep(0.2)
    started = clock()
    try:
        async with asyncio.timeout(9.0):
            with suppress(OSError):
                while await reader.read(2**16):
                    pass
        return clock() - started
    except TimeoutError:
        return None
    finally:
        writer.transport.abort()


async def test_patience(tmp_path: Path) -> None:
    """Handshakes, heads and bodies have seconds each; a connection to spare has as idle ones do."""

    async def waits(live: Live) -> list[float | None]:
        return await asyncio.gather(
            closed_after(live.port, None),
            closed_after(live.port, None, HELLO),
            closed_after(live.port, live.context, HEAD),
            closed_after(live.port, live.context, HEAD, b"X-A: b\r\n", b"X-B: c\r\n"),
            closed_after(live.port, live.context, REVIEW, HEAD),
            closed_after(live.port, live.context, HALF_A_BODY),
            closed_after(live.health_port, None, b"GET /livez HTTP/1.1\r\n"),
            closed_after(live.port, live.context),
            closed_after(live.health_port, None),
            closed_after(live.port, live.context, REVIEW),
        )

    async with serving(tmp_path) as live:
        seconds = await waits(live)

    assert all(one and 2 < one < 5 for one in seconds[:2]), seconds
    assert all(one and 4 < one < 8 for one in seconds[2:7]), seconds
    assert seconds[7:] == [None] * 3
