"""What the bytes of a connection come by, each time that it is its address's turn."""

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from functools import partial
from typing import Final

from slimgate.process.connection import HANDSHAKE_SECONDS, Connection
from slimgate.process.reading import ReadingTurns

_GOODBYE_SECONDS: Final = 1.0
_READ_BYTES: Final = 2**15
_OVERHEAD: Final = 2**16
"""Bytes of TLS that carry nothing, and as many more as do: a record adds 22 to up to 16,384, and
handshakes have some KB. Keys can be changed in 27, each time at the cost of new ones.
"""


class PlainCarrier(asyncio.Protocol):
    """No TLS below a connection."""

    def __init__(self, connection: Connection, reading: ReadingTurns) -> None:
        self._carried = connection
        self._reading = reading
        self._carrier: asyncio.Transport | None = None
        self._unread: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._carrier = transport
        # asyncio reads 256 KiB at once, and all that comes may have to wait.
        transport.max_size = _READ_BYTES  # type: ignore[attr-defined]
        self._carried.carried_by(transport)
        self._carried.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Hand bytes on when it is their turn, and read once more until then at most."""
        assert self._carrier is not None
        self._unread.append(data)
        if len(self._unread) > 1:
            self._carrier.pause_reading()
        else:
            self._reading.do(self._carried.peer, self._carried, self._read)

    def _read(self) -> None:
        data = b"".join(self._unread)
        self._unread.clear()
        self._carried.data_received(data)
        if self._carrier is not None and not self._carried.is_full:
            self._carrier.resume_reading()

    def eof_received(self) -> bool | None:
        """Hand on that no more will come."""
        return self._carried.eof_received()

    def pause_writing(self) -> None:
        """Hand on that the peer does not take what it is sent."""
        self._carried.pause_writing()

    def resume_writing(self) -> None:
        """Hand on that it does again."""
        self._carried.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._carrier = None
        self._carried.connection_lost(exc)
        self._carried.end()


class Tls(SSLProtocol):
    """TLS below a connection, as asyncio makes it but for turns and the size of its buffer.

    That is 256 KiB of memory for each connection, which is most of what one costs; `start_tls` and
    the like have no parameter for it. A record of TLS has at most 16 KiB and some bytes.
    """

    max_size = _READ_BYTES
    _incoming: ssl.MemoryBIO
    _ssl_reading_paused: bool

    def __init__(
        self,
        connection: Connection,
        context: ssl.SSLContext,
        *,
        shaking: ReadingTurns,
        reading: ReadingTurns,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._shaken = loop.create_future()
        # Handshakes that fail are their peers' affair, and say so to nobody else.
        self._shaken.add_done_callback(lambda done: done.cancelled() or done.exception())
        super().__init__(
            loop,
            connection,
            context,
            self._shaken,
            server_side=True,
            ssl_handshake_timeout=HANDSHAKE_SECONDS,
            ssl_shutdown_timeout=_GOODBYE_SECONDS,
        )
        self._carried = connection
        self._shaking = shaking
        self._reading = reading
        self._carrier: asyncio.Transport | None = None
        self._bytes = 0
        self._unread = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        assert isinstance(transport, asyncio.Transport)
        self._carrier = transport
        self._carried.carried_by(transport)
        self._shaking.at_once(partial(super().connection_made, transport))

    def get_buffer(self, n: int) -> memoryview:
        """Have what comes stand behind what waits."""
        return super().get_buffer(n)[self._unread :]

    def buffer_updated(self, nbytes: int) -> None:
        """Read what has come when it is its turn.

        Until then no more comes than once, since whoever asks seldom has more to say, and to stop
        reading and begin again takes two system calls.
        """
        has_waited = self._unread > 0
        self._unread += nbytes
        if not has_waited:
            turns = self._reading if self._shaken.done() else self._shaking
            if turns.do(self._carried.peer, self._carried, self._read):
                return
        if has_waited or self._unread == self.max_size:
            assert self._carrier is not None
            self._carrier.pause_reading()

    def _read(self) -> None:
        nbytes, self._unread = self._unread, 0
        self._bytes += nbytes
        super().buffer_updated(nbytes)
        if self._carrier is None:
            return
        if self._bytes - self._incoming.pending > 2 * self._carried.bytes + _OVERHEAD:
            self._carried.abort()
        elif not self._ssl_reading_paused:
            self._carrier.resume_reading()

    def connection_lost(self, exc: BaseException | None) -> None:
        """End, after a handshake or without one."""
        self._carrier = None
        super().connection_lost(exc)
        self._carried.end()
