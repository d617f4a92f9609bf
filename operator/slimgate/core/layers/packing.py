"""How a layer or an archive is compressed, by its first bytes: names and media types may be wrong.

containerd and Docker go by them, too: containerd by those of gzip and zstd alone.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Packing(Enum):
    """A form of compression; the value is what people and media types call it."""

    GZIP = "gzip"
    ZSTD = "zstd"
    BZIP2 = "bzip2"
    XZ = "xz"
    LZ4 = "lz4"


GZIP: Final = b"\x1f\x8b\x08"
"""Of what is deflated, as all is; to runtimes nothing else is gzip."""
ZSTD: Final = b"\x28\xb5\x2f\xfd"
ZSTD_SKIPPABLE: Final = tuple(bytes((0x50 + i, 0x2A, 0x4D, 0x18)) for i in range(16))
"""Frames that hold no data, as zstd:chunked begins with."""
HEAD: Final = 6
"""As many bytes as tell."""
_MAGICS: Final[Mapping[bytes, Packing]] = {
    GZIP: Packing.GZIP,
    ZSTD: Packing.ZSTD,
    **dict.fromkeys(ZSTD_SKIPPABLE, Packing.ZSTD),
    b"BZh": Packing.BZIP2,
    b"\xfd7zXZ\x00": Packing.XZ,
    b"\x04\x22\x4d\x18": Packing.LZ4,
}


def packing_of(head: bytes) -> Packing | None:
    """Tell how something that begins like this is compressed; None if it is not."""
    return next((packing for magic, packing in _MAGICS.items() if head.startswith(magic)), None)
