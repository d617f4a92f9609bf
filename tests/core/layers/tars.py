"""Makes odd tars, header by header."""

import gzip
import tarfile
import zlib
from collections.abc import Mapping


def header(kind: bytes = b"0", size: int | bytes = 0, name: str = "a") -> bytes:
    """Make a header; a size of bytes stands there as it is."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, 0 if isinstance(size, bytes) else size
    block = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    if isinstance(size, bytes):
        block[124:136] = size
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def pax(records: Mapping[str, str], kind: bytes = b"x", pad: str = "") -> bytes:
    """Make a header of records, each of whose lengths has something in front."""
    body = b""
    for key, value in records.items():
        rest = f" {key}={value}\n".encode()
        length = len(rest) + len(pad) + 2
        length += len(f"{pad}{length}") + len(rest) - length
        length = len(f"{pad}{length}") + len(rest)
        body += f"{pad}{length}".encode() + rest
    return header(kind, len(body), "pax") + body + bytes(-len(body) % 512)


def file_of(contents: bytes) -> bytes:
    """Make a file of whole blocks."""
    return header(size=len(contents)) + contents


def named(name: bytes, contents: bytes, *, signed: bool = False) -> bytes:
    """Make a tar of one file of any name, its checksum perhaps that of signed bytes."""
    block = bytearray(header(size=len(contents)))
    block[: len(name)] = name
    block[148:156] = b" " * 8
    total = sum(byte - 256 if signed and byte > 127 else byte for byte in block)
    block[148:156] = b"%06o\0 " % total
    return bytes(block) + contents + bytes(-len(contents) % 512 + 1024)


def flagged(tar: bytes, flags: int) -> bytes:
    """Compress as one gzip member whose head has these flags, and what they ask for."""
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(6)
    head += b"\x03\x00abc" if flags & 4 else b""
    head += b"a name\0" if flags & 8 else b""
    head += b"a comment\0" if flags & 16 else b""
    head += (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little") if flags & 2 else b""
    return head + gzip.compress(tar, mtime=0)[10:]
