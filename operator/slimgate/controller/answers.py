"""Reads along as kopf reads: what would end it is cut off, and what is of no concern left out."""

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Self, cast

from aiohttp import ClientResponse, StreamReader

from slimgate.core.json_object import JsonObject
from slimgate.core.nesting import parse, shallow, too_deep

_LOG: Final = logging.getLogger(__name__)


_EVENTS: Final = {"ADDED", "MODIFIED", "DELETED"}
Concerns = Callable[[str, JsonObject], bool]
"""Whether kopf is to hear of an event, by its type and its object."""


class Lines:
    """A watch stream as chunks of whole lines, none of which is nested too deeply.

    With `concerns`, events that are of no concern are left out. kopf goes on from the last version
    that it has seen, which bookmarks keep young.
    """

    concerns: Concerns | None = None

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
                if text := self._concerning(self._shallow(b"".join(held))):
                    yield text
                held.clear()
            held.append(rest)
        if text := b"".join(held):
            yield self._shallow(text)

    def _concerning(self, text: bytes) -> bytes:
        concerns = self.concerns
        if concerns is None:
            return text
        return b"".join(one for one in text.splitlines(keepends=True) if _passes(one, concerns))

    def _shallow(self, text: bytes) -> bytes:
        kept = b"\n".join(map(shallow, text.split(b"\n")))
        if len(kept) != len(text) and not self._warned:
            self._warned = True
            _LOG.warning("%s", too_deep(self._path))
        return kept


def _passes(line: bytes, concerns: Concerns) -> bool:
    """Let through what tells of no object, and what is to be found wrong by who reads it.

    An exception would end the watch, and with it the controller. kopf logs those of its handlers.
    """
    try:
        event = cast("dict[str, Any]", parse(line)[0])
        return event["type"] not in _EVENTS or concerns(event["type"], event["object"])
    except Exception:  # noqa: BLE001 - whoever reads it comes upon the same
        return True


class ShallowAnswer(ClientResponse):
    """An answer in which nothing is nested too deeply, however it is read.

    `heard`, if set, hears what is parsed before who has asked for it, and may take from it.
    """

    heard: Callable[[object], None] | None = None
    lines: Lines | None = None

    async def start(self, connection: Any) -> Self:
        """Begin to read."""
        await super().start(connection)
        self.lines = Lines(self.content, self.url.path)
        self.content = cast("StreamReader", self.lines)
        return self

    async def fits(self, most: int) -> bool:
        """Read the whole answer, unless it has more than so many bytes."""
        body = bytearray()
        async for piece in self.content.iter_any():
            body += piece
            if len(body) > most:
                return False
        self._body = bytes(body)
        return True

    async def text(self, encoding: str | None = None, errors: str = "replace") -> str:
        """Decode the whole answer, be it some proxy's page: an exception would end kopf."""
        return await super().text(encoding, errors)

    async def json(self, **_: Any) -> Any:
        """Parse the whole answer."""
        try:
            root, pruned = parse(await self.read())
        except ValueError:
            return await super().json()  # it raises what whoever has asked expects
        if pruned:
            _LOG.warning("%s", too_deep(self.url.path))
        if self.heard is not None:
            self.heard(root)
        return root
