"""Makes odd tars, header by header."""

import tarfile
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
