"""Cuts off what is nested too deeply for Python before kopf parses it, and would end by it."""

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Self, cast

from aiohttp import ClientResponse, StreamReader

from slimgate.core.nesting import parse, shallow, too_deep

_LOG: Final = logging.getLogger(__name__)


class Lines:
    """A watch stream as chunks of whole lines, none of which is nested too deeply."""

    def __init__(self, content: StreamReader, path: str) -> None:
        self._content = content
        self._path = path
        self._warned = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def iter_chunked(self, n: int) -> AsyncIterator[bytes]:
        """Yield all that there is of whole lines, and in the end what was cut off."""
        held: list[bytes] = []
        async for chunk in self._content.iter_chunked(n):
            lines, newline, rest = chunk.rpartition(b"\n")
            held.append(lines + newline)
            if newline:
                yield self._shallow(b"".join(held))
                held.clear()
            held.append(rest)
        if text := b"".join(held):
            yield self._shallow(text)

    def _shallow(self, text: bytes) -> bytes:
        kept = b"\n".join(map(shallow, text.split(b"\n")))
        if len(kept) != len(text) and not self._warned:
            self._warned = True
            _LOG.warning("%s", too_deep(self._path))
        return kept


class ShallowAnswer(ClientResponse):
    """An answer in which nothing is nested too deeply, however it is read.

    `heard`, if set, hears what is parsed before who has asked for it.
    """

    heard: Callable[[object], None] | None = None

    async def start(self, connection: Any) -> Self:
        """Begin to read."""
        await super().start(connection)
        self.content = cast("StreamReader", Lines(self.content, self.url.path))
        return self

    async def json(self, **_: Any) -> Any:
        """Parse the whole answer."""
        root, pruned = parse(await self.read())
        if pruned:
            _LOG.warning("%s", too_deep(self.url.path))
        if self.heard is not None:
            self.heard(root)
        return root
