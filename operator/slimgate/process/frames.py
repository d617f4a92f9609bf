"""Connections to registries and kubelets, which hang up on what sends much else than answers.

A parser takes a thousand times as long for a byte of a head, or of a chunk's frame, as for one of a
body. So whoever sends heads without end (1xx, RFC 9110 section 15.2), or a body in chunks of a byte
each, would keep the loop from everybody else, and all the longer the more hosts he has.
"""

import asyncio
from functools import partial
from typing import Any, Final, cast

from aiohttp import ClientPayloadError, TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.streams import StreamReader

_MAX_HEADS: Final = 4
"""Of one answer: a server may say that it goes on, and some say what will come."""
_OVERHEAD: Final = 24 * 2**10
"""Bytes that are none of a body's, and as many more as a body has: heads are some KB long."""
_HEAD_STEP: Final = 2**10
_CHUNKED_STEP: Final = 4 * 2**10
_ODD: Final = "it sends too much besides answers"

_Head = tuple[RawResponseMessage, StreamReader]


class FrameConnector(TCPConnector):
    """Makes such connections."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # A partial is of one type only.
        self._factory = cast("partial[ResponseHandler]", partial(FrameReader, loop=self._loop))


class FrameReader(ResponseHandler):
    """Takes what comes a little at a time, where that takes time to read."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._heads = 0
        self._bytes = 0
        self._head: RawResponseMessage | None = None
        self._body: StreamReader | None = None

    def set_response_params(self, **params: Any) -> None:
        """Begin with the answer to another request."""
        self._heads, self._bytes, self._head, self._body = 0, 0, None, None
        super().set_response_params(**params)

    def feed_data(self, data: _Head, size: int = 0) -> None:
        """Hear of a head, and of the body that follows it."""
        self._head, self._body = data
        self._heads += 1
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        position = 0
        while True:
            piece = data[position : position + self._step] if self._step else data[position:]
            position += len(piece)
            self._bytes += len(piece)
            super().data_received(piece)
            if self._is_odd():
                self._hang_up()
                return
            if position >= len(data):
                return

    @property
    def _step(self) -> int:
        """How much to read at once; 0 for all there is."""
        if self._head is None or self._is_interim(self._head):
            return _HEAD_STEP
        return _CHUNKED_STEP if self._head.chunked else 0

    @staticmethod
    def _is_interim(head: RawResponseMessage) -> bool:
        return head.code < 200  # noqa: PLR2004 - as the status codes have it

    def _is_odd(self) -> bool:
        if self._heads > _MAX_HEADS:
            return True
        if self._reading_paused:
            return False  # some of it is kept, and will be a body
        body = self._body.total_bytes if self._body is not None else 0
        return self._bytes > 2 * body + _OVERHEAD

    def _hang_up(self) -> None:
        body, transport = self._body, self.transport
        if body is not None and not body.is_eof():
            body.set_exception(ClientPayloadError(_ODD))
        self.set_exception(BadHttpMessage(_ODD))
        if transport is not None:
            transport.abort()
