"""Reads documents, and makes facts of them: in a thread where that may take more than a moment.

The loop is everybody's, and whoever pushes an image chooses how much there is to think about.
"""

from collections.abc import Callable
from typing import Final, TypeVar, TypeVarTuple

from slimgate.core.images.oci import ImageConfig, Index, Manifest, parse_config, parse_document
from slimgate.core.nesting import values_in
from slimgate.engine.aside import Aside
from slimgate.engine.cpu_turns import Share
from slimgate.engine.fair import NOBODY
from slimgate.engine.ports import Document

_LIGHT_BYTES: Final = 64 * 2**10
_LIGHT_VALUES: Final = 2**11
"""What takes a millisecond or two."""
_LIGHT_FACTS: Final = 512
"""Characters of build steps, and paths, which take up to 20 microseconds each."""
_SHARE: Final = Share(seconds=5.0)
"""For a hundred of the heaviest documents, and a thousand usual images, at once."""

_MAX_WAITING: Final = 24 * 2**20
"""Bytes of heavy documents that are read or wait for that."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Parsing:
    """Those of images, in a thread that rests half of the time."""

    def __init__(self) -> None:
        self._aside = Aside("documents", _MAX_WAITING, _SHARE, rest=1.0)

    async def document(self, document: Document, asker: str = NOBODY) -> Index | Manifest:
        """Read a manifest or an index; OverloadedError where too much waits."""
        return await self._run(asker, parse_document, document.body, document.media_type)

    async def config(self, body: bytes, asker: str = NOBODY) -> ImageConfig:
        """Read a config."""
        return await self._run(asker, parse_config, body)

    async def facts(
        self,
        make: Callable[[], T],
        config: ImageConfig | None,
        paths: int = 0,
        asker: str = NOBODY,
    ) -> T:
        """Make what follows from a config, and from so many paths of layers."""
        if config is None or _weight(config) + paths <= _LIGHT_FACTS:
            return make()
        return await self._aside.call(asker, make)

    def close(self) -> None:
        """Begin nothing more."""
        self._aside.close()

    async def _run(
        self, asker: str, parse: Callable[[bytes, *Ts], T], body: bytes, *more: *Ts
    ) -> T:
        if len(body) <= _LIGHT_BYTES and values_in(body) <= _LIGHT_VALUES:
            return parse(body, *more)
        return await self._aside.run(asker, len(body), parse, body, *more)


def _weight(config: ImageConfig) -> int:
    texts = (*config.labels.values(), *config.env)
    return sum(len(step.created_by) for step in config.history) + sum(map(len, texts)) // 8
