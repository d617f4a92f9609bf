"""Named files of an image that lies somewhere else than in a registry."""

from dataclasses import dataclass
from typing import Protocol

from slimgate.core.images.facts import Digest
from slimgate.engine.ports import LayerReading
from slimgate.sources.stream import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """One file that was read once: its length, digest and media type as stored.

    `media_type` is that of a layer, by the file's first bytes.
    """

    size: int
    digest: Digest
    media_type: str
    reading: LayerReading


class Files(Protocol):
    """The files of a layout or an archive, by their names in it, whatever lies beneath.

    Names come from hostile documents; none leads outside. Methods block, and raise ImageError.
    """

    def document(self, name: str) -> bytes | None:
        """Read a JSON document; None where there is no such file."""

    def blob(self, name: str, watch: Watch) -> Blob | None:
        """Measure a file as a layer; None where there is no such file."""
