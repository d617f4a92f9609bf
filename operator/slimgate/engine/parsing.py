"""Reads documents of images: large ones in a thread, since the loop is everybody's."""

from typing import Final

from slimgate.core.images.oci import ImageConfig, Index, Manifest, parse_config, parse_document
from slimgate.engine.ports import Document
from slimgate.engine.threads import Threads

_LARGE: Final = 64 * 2**10
"""Bytes that take about a millisecond."""


class Parsing:
    """One thread, so that many large documents take no more than a part of the machine."""

    def __init__(self) -> None:
        self._threads = Threads("parsing", 1)

    async def document(self, document: Document) -> Index | Manifest:
        """Read a manifest or an index."""
        if len(document.body) <= _LARGE:
            return parse_document(document.body, document.media_type)
        return await self._threads.run(parse_document, document.body, document.media_type)

    async def config(self, body: bytes) -> ImageConfig:
        """Read a config."""
        return (
            parse_config(body)
            if len(body) <= _LARGE
            else await self._threads.run(parse_config, body)
        )

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.close()
