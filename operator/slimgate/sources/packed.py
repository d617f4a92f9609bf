"""Archives that were compressed as a whole, as in `docker save … | gzip`."""

import gzip
import lzma
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from slimgate.core.errors import UnsupportedError
from slimgate.core.layers.packing import HEAD, Packing, packing_of
from slimgate.engine.zstd import OPTIONS, ZstdError, ZstdFile
from slimgate.sources.stream import chunks_of

_DAMAGE: Final = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, ZstdError)


def unpacked(file: BinaryIO) -> Iterator[bytes]:
    """Read a file in chunks, decompressed if it is compressed; UnsupportedError if damaged."""
    packing = packing_of(file.read(HEAD))
    file.seek(0)
    try:
        if packing is Packing.GZIP:
            with gzip.GzipFile(fileobj=file) as reader:
                yield from chunks_of(reader.read)
        elif packing is Packing.XZ:
            with lzma.LZMAFile(file) as reader:
                yield from chunks_of(reader.read)
        elif packing is Packing.ZSTD:
            with ZstdFile(file, options=OPTIONS) as reader:
                yield from chunks_of(reader.read)
        else:
            yield from chunks_of(file.read)
    except _DAMAGE as err:
        raise UnsupportedError("the archive's compressed data is damaged or cut short") from err
