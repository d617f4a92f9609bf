"""The head of a gzip member as Go reads it, which passes over flags without a meaning.

zlib refuses those, so it is shown a head without any.
https://github.com/golang/go/blob/go1.26.0/src/compress/gzip/gunzip.go
"""

import zlib
from typing import Final

from slimgate.core.layers.packing import GZIP

_FLAGS: Final = 3
_HEAD: Final = 10
_CHECKSUM, _EXTRA, _NAME, _COMMENT, _RESERVED = 0x02, 0x04, 0x08, 0x10, 0xE0
_PLAIN: Final = GZIP + bytes(_HEAD - len(GZIP))
_MAX_HEAD: Final = 2**17
KNOWN_BY: Final = _FLAGS + 1
"""After as many bytes it is known whether a head is odd."""


class MalformedMemberError(Exception):
    """It is no head of a gzip member, or has no end."""


def is_odd(head: bytes) -> bool:
    """Whether a member begins with flags that zlib refuses."""
    return len(head) >= KNOWN_BY and head.startswith(GZIP) and bool(head[_FLAGS] & _RESERVED)


def without_flags(data: bytes) -> bytes | None:
    """Give a member as zlib reads it: an odd one has another head, which says nothing.

    None if its own has not come to its end. Raises MalformedMemberError.
    """
    if not is_odd(data):
        return data
    length = _length(data)
    if length is None and len(data) > _MAX_HEAD:
        raise MalformedMemberError
    return None if length is None else _PLAIN + data[length:]


def _length(data: bytes) -> int | None:
    flags, end = data[_FLAGS], _HEAD
    if flags & _EXTRA:
        end += 2 + int.from_bytes(data[end : end + 2], "little")
    for flag in (_NAME, _COMMENT):
        if flags & flag:
            zero = data.find(b"\0", end)
            if zero < 0:
                return None
            end = zero + 1
    if flags & _CHECKSUM:
        stated = int.from_bytes(data[end : end + 2], "little")
        if len(data) >= end + 2 and stated != zlib.crc32(data[:end]) & 0xFFFF:
            raise MalformedMemberError
        end += 2
    return end if len(data) >= end else None
