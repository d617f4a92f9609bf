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

_XZ_MEMORY: Final = 128 * 2**20
"""Bytes; what `xz -9` made takes 65 MiB. A header may ask for gigabytes."""
_STEP: Final = 2**20
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
            yield from _xz(file)
        elif packing is Packing.ZSTD:
            with ZstdFile(file, options=OPTIONS) as reader:
                yield from chunks_of(reader.read)
        else:
            yield from chunks_of(file.read)
    except _DAMAGE as err:
        raise UnsupportedError("the archive's compressed data is damaged or cut short") from err


def _xz(file: BinaryIO) -> Iterator[bytes]:
    """Decompress streams one after another, each within the same memory."""
    data = file.read(_STEP)
    while data:
        stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
        while not stream.eof:
            yield _piece(stream, data)
            data = b""
            if stream.needs_input and not (data := file.read(_STEP)):
                raise EOFError
        data = stream.unused_data or file.read(_STEP)
        # Zeros may stand between streams, and after the last one.
        while data and not (data := data.lstrip(b"\0")):
            data = file.read(_STEP)


def _piece(stream: lzma.LZMADecompressor, data: bytes) -> bytes:
    try:
        return stream.decompress(data, _STEP)
    except lzma.LZMAError as err:
        if "limit" not in str(err):
            raise
        raise UnsupportedError(
            f"unpacking the archive takes more than {_XZ_MEMORY // 2**20} MiB of memory; "
            "compress it again with xz -9 or less, or with gzip or zstd"
        ) from err
