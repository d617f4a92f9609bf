"""Archives that were compressed as a whole, as in `docker save … | gzip`."""

import gzip
import lzma
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from slimgate.core.errors import UnsupportedError
from slimgate.engine.zstd import OPTIONS, ZstdError, ZstdFile
from slimgate.sources.stream import chunks_of

_GZIP: Final = b"\x1f\x8b"
_XZ: Final = b"\xfd7zXZ\x00"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_DAMAGE: Final = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, ZstdError)


def unpacked(file: BinaryIO) -> Iterator[bytes]:
    """Read a file in chunks, decompressed if it is compressed; UnsupportedError if damaged."""
    head = file.read(len(_XZ))
    file.seek(0)
    try:
        if head.startswith(_GZIP):
            with gzip.GzipFile(fileobj=file) as reader:
                yield from chunks_of(reader.read)
        elif head.startswith(_XZ):
            with lzma.LZMAFile(file) as reader:
                yield from chunks_of(reader.read)
        elif head.startswith(_ZSTD):
            with ZstdFile(file, options=OPTIONS) as reader:
                yield from chunks_of(reader.read)
        else:
            yield from chunks_of(file.read)
    except _DAMAGE as err:
        raise UnsupportedError("the archive's compressed data is damaged or cut short") from err
