"""A port that is listened on: how many connections it has at once, and which it closes."""

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from aiohttp.web import BaseRequest, RequestHandler, Response

from slimgate.process.carriers import PlainCarrier, Tls
from slimgate.process.connection import HANDSHAKE_SECONDS, Connection
from slimgate.process.http import KEEPALIVE_SECONDS, make_runner
from slimgate.process.reading import ReadingTurns
from slimgate.process.room import Room

MAX_CONNECTIONS: Final = 256
"""More than the 200 requests that an API server lets change something at once, unless told else.

With TLS each takes some 80 KB of memory, and more while a head or a body comes in.
https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
"""
_CROWD: Final = MAX_CONNECTIONS // 4
_BACKLOG: Final = 1024
"""So that a burst which the loop has not seen yet keeps nobody else's first packet out."""
_AT_A_TIME: Final = 4
"""So that whoever is connected has a turn in between."""
_HANDSHAKES: Final = 0.15
"""The part of the loop's time that handshakes may take: some 200 a second, and API servers seldom
make new ones.
"""
_SWEEP_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.1
_FREED: Final = 8
"""So many are closed where the process has no descriptor left, each such time."""
_QUIET_SECONDS: Final = 60.0
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_LOG: Final = logging.getLogger(__name__)


class Port:
    """Serves HTTP by one handler; where all places are taken, whom nobody misses makes room.

    The server of asyncio takes whoever comes, and knows of nobody before a handshake is done.
    """

    def __init__(
        self,
        handler: Callable[[BaseRequest], Awaitable[Response]],
        *,
        shutdown_seconds: float,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._handler = handler
        self._context = context
        self._runner = make_runner(self._answer, shutdown_seconds)
        self._listeners: list[socket.socket] = []
        self._open: dict[RequestHandler, Connection] = {}
        self._room = Room(self._open)
        self._silent: dict[Connection, socket.socket] = {}
        """Those that no byte has come on: they cost nothing until one does."""
        self._reading = ReadingTurns()
        self._beginning = ReadingTurns(share=_HANDSHAKES) if context else self._reading
        self._tasks: set[asyncio.Task[None]] = set()
        self._quiet_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return bool(self._listeners)

    async def open(self, host: str | None, port: int) -> None:
        """Listen, on every address of both families if there is no host."""
        await self._runner.setup()
        bound = await self._loop.create_server(asyncio.Protocol, host, port, start_serving=False)
        listeners = [listener.dup() for listener in bound.sockets]
        bound.close()
        for listener in listeners:
            listener.setblocking(False)
            listener.listen(_BACKLOG)
            self._loop.add_reader(listener, self._accept, listener)
        self._listeners = listeners
        self._start(self._sweep())

    def close(self) -> None:
        """Listen no more; who has connected until now is served."""
        for listener in self._listeners:
            self._loop.remove_reader(listener)
            self._accept(listener)
            listener.close()
        self._listeners.clear()
        self._beginning.hurry()

    async def end(self) -> None:
        """Close it, and all connections once what is in flight is answered."""
        self.close()
        self._reading.finish()
        await asyncio.sleep(0)  # for requests to begin that were read just now
        await self._runner.cleanup()
        for task in self._tasks:
            task.cancel()
        self._reading.close()
        self._beginning.close()
        for connection in tuple(self._open.values()):
            self._abort(connection)

    async def _answer(self, request: BaseRequest) -> Response:
        connection = self._open.get(request.protocol)
        if connection is None:
            raise ConnectionResetError
        with connection.answering(request):
            return await self._handler(request)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_AT_A_TIME):
            try:
                accepted, address = listener.accept()
            except BlockingIOError:
                return
            except OSError as err:
                if err.errno in _EXHAUSTED:
                    self._pause(listener, err)
                    return
                continue  # who has hung up meanwhile
            accepted.setblocking(False)
            self._take(accepted, str(address[0]))

    def _pause(self, listener: socket.socket, err: OSError) -> None:
        for _ in range(_FREED):
            self._make_room(f"no connection can be accepted: {err.strerror}")
        self._loop.remove_reader(listener)
        self._loop.call_later(_PAUSE_SECONDS, self._resume, listener)

    def _resume(self, listener: socket.socket) -> None:
        if listener in self._listeners:
            self._loop.add_reader(listener, self._accept, listener)

    def _take(self, accepted: socket.socket, peer: str) -> None:
        if len(self._open) >= MAX_CONNECTIONS and not self._make_room(
            f"{MAX_CONNECTIONS} connections are open"
        ):
            accepted.close()
            return
        assert self._runner.server is not None
        handler = self._runner.server()
        silence = HANDSHAKE_SECONDS if self._context else KEEPALIVE_SECONDS
        clock = self._loop.time
        connection = Connection(peer, handler, silence=silence, clock=clock, ended=self._forget)
        self._open[handler] = connection
        self._silent[connection] = accepted
        # By its number: asyncio writes a new socket out in words, to say that it is none it knows.
        self._loop.add_reader(accepted.fileno(), self._hear, connection)

    def _hear(self, connection: Connection) -> None:
        self._loop.remove_reader(self._silent[connection].fileno())
        self._beginning.do(connection.peer, connection, partial(self._begin, connection), new=True)

    def _begin(self, connection: Connection) -> None:
        self._start(self._connect(connection))

    async def _connect(self, connection: Connection) -> None:
        if (accepted := self._silent.pop(connection, None)) is None:
            return
        try:
            if accepted.recv(1, socket.MSG_PEEK):
                below = self._below(connection)
                await self._loop.connect_accepted_socket(lambda: below, accepted)
                return
        except OSError:
            pass  # who has hung up
        self._forget(connection)
        accepted.close()

    def _below(self, connection: Connection) -> PlainCarrier | Tls:
        if self._context is None:
            return PlainCarrier(connection, self._reading)
        return Tls(connection, self._context, shaking=self._beginning, reading=self._reading)

    def _make_room(self, why: str) -> bool:
        now = self._loop.time()
        if (connection := self._room.least_missed(now)) is None:
            return False
        if now >= self._quiet_until:
            self._quiet_until = now + _QUIET_SECONDS
            _LOG.warning("%s; closing those that ask for nothing, as of %s", why, connection.peer)
        self._abort(connection)
        return True

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now, crowded = self._loop.time(), len(self._open) > _CROWD
            for connection in tuple(self._open.values()):
                if connection.is_late(now, crowded=crowded):
                    self._abort(connection)

    def _abort(self, connection: Connection) -> None:
        self._forget(connection)
        if (accepted := self._silent.pop(connection, None)) is not None:
            self._loop.remove_reader(accepted.fileno())
            accepted.close()
        connection.abort()

    def _forget(self, connection: Connection) -> None:
        self._open.pop(connection.handler, None)
        for turns in (self._beginning, self._reading):
            turns.forget(connection.peer, connection)

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
