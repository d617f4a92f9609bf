"""One connection to a port: what it is waiting for, and whether anybody would miss it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from aiohttp.http import RawRequestMessage
from aiohttp.web import BaseRequest, RequestHandler

if TYPE_CHECKING:
    from aiohttp.streams import StreamReader

PATIENCE_SECONDS: Final = 5.0
"""For the head of a request, its body, and for an answer to be taken: each is one of some KB.

A round trip takes milliseconds within a cluster, and a body of 8 MiB less than a second.
"""
HANDSHAKE_SECONDS: Final = 3
_STEP: Final = 2 * 2**10
_FRAMES: Final = 8 * 2**10
"""Bytes of a request that are not its body's, once its head has come, and as many more as that has.

A parser takes as long for the frame of a chunk as for a thousand bytes of a body. So who sends a
body in chunks of a byte would keep the loop from all others; API servers say how long theirs are.
"""


class Connection(asyncio.Protocol):
    """Hands on to aiohttp what comes, and remembers what has come of it."""

    def __init__(
        self,
        peer: str,
        handler: RequestHandler,
        *,
        silence: float,
        clock: Callable[[], float],
        ended: Callable[["Connection"], None],
    ) -> None:
        self.peer = peer
        self.handler = handler
        self.asked = False
        """Whether it has had an answer."""
        self.since = clock()
        """When it came, or had its last answer."""
        self.bytes = 0
        """How many have come, without those of TLS."""
        self._silence = silence
        self._clock = clock
        self._ended = ended
        self._began: float | None = None
        self._request: BaseRequest | None = None
        self._carrier: asyncio.Transport | None = None
        self._aborted = False
        self._has_length = False
        self._body: StreamReader | None = None
        self._after_head = 0

    @property
    def is_under_way(self) -> bool:
        """Whether a request that has come whole is being answered."""
        return self._request is not None and self._request.content.is_eof()

    @property
    def is_full(self) -> bool:
        """Whether more has come than is read for now."""
        return bool(self.handler._reading_paused)  # noqa: SLF001

    @contextmanager
    def answering(self, request: BaseRequest) -> Iterator[None]:
        """Tell that a request's head is there, and then that its answer is."""
        self._request, self._began = request, None
        try:
            yield
        finally:
            self._request, self.asked, self.since = None, True, self._clock()

    def is_late(self, now: float, *, crowded: bool) -> bool:
        """Whether it has had time enough: for its first byte, for a head, or to take an answer.

        One that has asked for nothing may be an API server's spare one, so that it counts only
        where there are many: whoever closes one loses what was just being sent.
        """
        if self._carrier is None:
            patience = min(self._silence, PATIENCE_SECONDS) if crowded else self._silence
            return now - self.since > patience
        if self._request is not None:
            return False
        if self._began is not None:
            return now - self._began > PATIENCE_SECONDS
        waits = crowded if not self.asked else self._carrier.get_write_buffer_size() > 0
        return waits and now - self.since > PATIENCE_SECONDS

    def abort(self) -> None:
        """Close it at once, whatever it is about."""
        self._aborted = True
        if self._carrier is not None:
            self._carrier.abort()

    def carried_by(self, transport: asyncio.BaseTransport) -> None:
        """Hear what the bytes come by, below TLS."""
        assert isinstance(transport, asyncio.Transport)
        self._carrier = transport
        if self._aborted:
            transport.abort()

    def end(self) -> None:
        """Hear that it is closed, below TLS."""
        self._ended(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, after the handshake if there is one."""
        self.handler.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Hand bytes on."""
        self.bytes += len(data)
        if self._request is None and self._began is None:
            self._began = self._clock()
        position = 0
        while position < len(data) and not self._aborted:
            piece = data[position : position + (self._step or len(data))]
            position += len(piece)
            self.handler.data_received(piece)
            self._count(len(piece))

    @property
    def _step(self) -> int:
        """How much to read at once; 0 for all there is, of a body whose length is known."""
        is_within = self._body is not None and not self._body.is_eof()
        return 0 if is_within and self._has_length else _STEP

    def _count(self, read: int) -> None:
        """Hang up on who sends much else than a body, or asks before the last answer has come."""
        if (came := self.handler._messages) and came[-1][1] is not self._body:  # noqa: SLF001
            if len(came) + (self._request is not None) > 1:
                self.abort()
                return
            message, self._body = came[-1]
            self._has_length = isinstance(message, RawRequestMessage) and not message.chunked
            self._after_head = 0
            return
        self._after_head += read
        # What is read while it is paused is kept, and will be a body.
        if self._body is None or self._body.is_eof() or self.is_full:
            return
        if self._after_head > 2 * self._body.total_bytes + _FRAMES:
            self.abort()

    def eof_received(self) -> bool | None:
        """Hand on that no more will come."""
        self.handler.eof_received()
        return None

    def pause_writing(self) -> None:
        """Hand on that the peer does not take what it is sent."""
        self.handler.pause_writing()

    def resume_writing(self) -> None:
        """Hand on that it does again."""
        self.handler.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.handler.connection_lost(exc)
