"""A port that has too many connections, and what each of them may take its time for."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import BaseRequest, Response, Server

from slimgate.process.connection import Connection
from slimgate.process.port import MAX_CONNECTIONS, Port
from slimgate.process.room import Room, least_missed

ANY, HOST, OTHER = "0.0.0.0", "127.0.0.1", "127.0.0.2"  # noqa: S104 - clients of two addresses
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def greet(_: BaseRequest) -> Response:
    """Answer at once."""
    return Response(text="hello")


@asynccontextmanager
async def listening(
    handler: Callable[[BaseRequest], "asyncio.Future[Response]"] | object = greet,
) -> AsyncIterator[tuple[Port, int]]:
    """Serve on a free port."""
    with socket.socket() as probe:
        probe.bind((ANY, 0))
        number = int(probe.getsockname()[1])
    port = Port(handler, shutdown_seconds=1.0)  # type: ignore[arg-type]
    await port.open(ANY, number)
    try:
        yield port, number
    finally:
        await port.end()


class Client:
    """A plain connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    @classmethod
    async def of(cls, number: int, address: str = HOST) -> "Client":
        """Connect from an address of this machine."""
        return cls(*await asyncio.open_connection(HOST, number, local_addr=(address, 0)))

    async def ask(self) -> bytes:
        """Send a request; return the answer's first line, nothing if the connection is closed."""
        try:
            self.writer.write(GET)
            head = await self._reader.readuntil(b"\r\n\r\n")
            await self._reader.readexactly(len("hello"))
        except (OSError, asyncio.IncompleteReadError):
            return b""
        return head.splitlines()[0]


@contextmanager
def all_closed(clients: list[Client]) -> Iterator[None]:
    """Hang up at the end."""
    try:
        yield
    finally:
        for client in clients:
            client.writer.close()


NEW, KEPT, BUSY = (False, False), (True, False), (True, True)


@pytest.mark.parametrize(
    ("connections", "missed"),
    [
        ([], None),
        ([("a", BUSY, 1), ("a", BUSY, 2)], None),
        ([("a", BUSY, 1), ("a", NEW, 2)], 1),
        ([("a", NEW, 2), ("a", NEW, 1), ("a", KEPT, 0)], 1),
        ([("a", NEW, 1), ("a", KEPT, 3), ("a", KEPT, 2)], 2),
        ([("a", NEW, 0), ("a", KEPT, 1)], 1),
        ([("b", NEW, 0), ("a", KEPT, 1), ("a", KEPT, 2)], 1),
        ([("b", NEW, 0), ("b", NEW, 1), ("a", BUSY, 0), ("a", BUSY, 0), ("a", KEPT, 9)], 4),
        ([("b", NEW, 5), ("a", BUSY, 0), ("a", BUSY, 0)], 0),
        ([("a", NEW, 9.9), ("a", NEW, 9.95), ("b", NEW, 0)], 1),
        ([("a", NEW, 9), ("a", NEW, 9.95), ("b", NEW, 0)], 0),
        ([("a", KEPT, 9.9), ("a", KEPT, 9.95)], 0),
    ],
)
async def test_least_missed(
    connections: list[tuple[str, tuple[bool, bool], float]], missed: int | None
) -> None:
    """Of the address that has most: who never asked, if they are most of its, or is idle longest.

    Who is being answered is never closed, nor who had no time for a handshake while a newer one is.
    """
    server, made = Server(greet), list[Connection]()
    with ExitStack() as stack:
        for peer, (asked, busy), since in connections:
            one = Connection(peer, server(), silence=1.0, clock=lambda: 0.0, ended=lambda _: None)
            one.asked, one.since = asked, since
            if busy:
                stack.enter_context(one.answering(make_mocked_request("GET", "/")))
            made.append(one)

        assert least_missed(made, 10.0)[-1:] == ([] if missed is None else [made[missed]])


async def test_chosen_before() -> None:
    """What was chosen is closed one after the other, but for what is missed by now, or is gone."""
    server, given = Server(greet), {}
    for since in range(8):
        handler = server()
        one = Connection("a", handler, silence=1.0, clock=lambda: 0.0, ended=lambda _: None)
        one.since = since
        given[handler] = one
    made, room, closed = [*given.values()], Room(given), []
    with ExitStack() as stack:
        for _ in range(6):
            chosen = room.least_missed(10.0)
            assert chosen is not None
            closed.append(given.pop(chosen.handler))
            if len(closed) == 1:
                stack.enter_context(made[1].answering(make_mocked_request("GET", "/")))
                made[2].asked, made[2].since = True, 10.0 + 1.0
                del given[made[3].handler]

    assert [made.index(one) for one in closed] == [0, 4, 5, 6, 7, 2]


async def test_a_flood_closes_its_own() -> None:
    """However many connections one address opens, those of another stay, used or not."""
    async with listening() as (_, number):
        honest = [await Client.of(number) for _ in range(3)]
        assert await honest[0].ask() == b"HTTP/1.1 200 OK"
        flood = [await Client.of(number, OTHER) for _ in range(MAX_CONNECTIONS + 50)]
        honest.append(await Client.of(number))
        with all_closed([*honest, *flood]):
            answers = [await client.ask() for client in honest]
            left = [client for client in flood if await client.ask()]

    assert answers == [b"HTTP/1.1 200 OK"] * 4
    assert len(left) == MAX_CONNECTIONS - 4


async def test_nobody_who_is_answered_is_closed() -> None:
    """Where all places are taken by those who are being answered, no more come in."""
    done, asked = asyncio.Event(), asyncio.Semaphore(0)

    async def wait(request: BaseRequest) -> Response:
        asked.release()
        await done.wait()
        return await greet(request)

    async with listening(wait) as (_, number):
        clients = [await Client.of(number) for _ in range(MAX_CONNECTIONS)]
        with all_closed(clients):
            asking = [asyncio.create_task(client.ask()) for client in clients]
            for _ in clients:
                await asked.acquire()
            clients.append(await Client.of(number))
            assert await clients[-1].ask() == b""
            done.set()
            assert set(await asyncio.gather(*asking)) == {b"HTTP/1.1 200 OK"}


async def test_an_answer_that_is_not_taken() -> None:
    """Whoever does not read what they are sent is hung up on, and what they were sent let go."""
    size = 64 * 2**20

    async def say_much(_: BaseRequest) -> Response:
        return Response(body=b"x" * size)

    async with listening(say_much) as (_, number):
        with closing(socket.create_connection((HOST, number))) as client:
            client.sendall(GET)
            await asyncio.sleep(8.0)
            taken = 0
            client.settimeout(1.0)
            with pytest.raises(ConnectionResetError):  # noqa: PT012 - until it is cut off
                while more := len(client.recv(2**20)):
                    taken += more
                raise ConnectionResetError

    assert taken < size


async def test_connected_in_the_last_moment() -> None:
    """Who has connected before the port closes is served, and nobody after."""
    async with listening() as (port, number):
        with closing(socket.create_connection((HOST, number))) as client:
            client.sendall(GET)
            port.close()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((HOST, number))
            client.setblocking(False)
            answer = await asyncio.get_running_loop().sock_recv(client, 1024)

    assert answer.startswith(b"HTTP/1.1 200 OK")
