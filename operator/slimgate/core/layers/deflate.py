"""How long a gzip blob is unpacked at least, where its end shows that it is one at all.

A blob that is none may end in any four bytes, so a trailer counts only where deflate is seen to run
up to it. Deflate has no marks to join it by, but the head of a block with codes of its own is so
particular that random bits seldom make one (RFC 1951, section 3.2.7). From such a head, that of a
stored block or that of a gzip member on, all must decode to the very last byte.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from slimgate.core.layers.packing import GZIP

MAGIC: Final = GZIP
DENSEST: Final = 1_032
"""No byte of deflate unpacks to more: 258 bytes take 2 bits."""
_GZIP: Final = 16 + zlib.MAX_WBITS
_TRAILER: Final = 8
_TAR_BLOCK: Final = 512
_WINDOW: Final = bytes(2**15)
"""Stands for what came before: what is copied from it has its length, if not its bytes."""
_LEADS: Final = tuple(
    (2 | (1 << 9 * literals) - 1 << 3).to_bytes((10 + 9 * literals) // 8 + 1, "little")[:-1]
    for literals in ((shift - 2) % 8 for shift in range(8))
)
"""Blocks of fixed codes, of which so many bits of zero, or none, are still to come."""
_REGION: Final = 4 * 2**10
_HEAD: Final = 10
_OWN_TYPE: Final = 0b100
_COUNTS: Final = 30
_OWN_CODES: Final = re.compile(
    b"[%b](?=[%b])"
    % (
        re.escape(bytes(n for n in range(8 * _COUNTS) if n & 0b110 == _OWN_TYPE)),
        re.escape(bytes(n for n in range(2**8) if n & 0b11111 < _COUNTS)),
    )
)
"""A block's type in bits 1 and 2, then how many codes it has: twice 5 bits, each below 30."""
_STORED: Final = re.compile(b"\xff(?=\xff)")
_MEMBER: Final = re.compile(re.escape(MAGIC))
_WHOLE_CODE: Final = 2**7
_SHARES: Final = tuple(
    sum(_WHOLE_CODE >> length for at in (0, 3, 6, 9) if (length := lengths >> at & 7))
    for lengths in range(2**12)
)
"""What four codes, whose lengths have 3 bits each, take of a whole code."""
_STEP: Final = 2**10
_PIECE: Final = 2**20
_BYTES_OUT: Final = 64
"""So many bytes come out in the time that one takes to go in, about."""
_MAX_WORK: Final = 4 * 2**20
"""In bytes that go in; a tail of zeros takes a quarter of it, one of random bytes an eighth."""


def least_length(tail: bytes) -> int:
    """Count what a blob that ends with `tail` unpacks to at least; 0 where it may be no gzip.

    Members in the tail are counted, checksums and all. Of one that began before it the trailer
    counts, which tells its length modulo 2**32; where no other follows, that must be a multiple of
    512, as a tar's length is. Of random tails, one in a thousand million may pass for gzip.
    """
    search = _Search(tail)
    try:
        return next(filter(None, map(search.attempt, _starts(tail))), 0)
    except _TooMuchWorkError:
        return 0


class _Kind(Enum):
    OWN_CODES = "a block with codes of its own"
    STORED = "a stored block, behind the bits that say so"
    MEMBER = "a gzip member"


@dataclass(frozen=True, slots=True)
class _Start:
    """What seems to begin at a bit."""

    bit: int
    kind: _Kind


def _starts(tail: bytes) -> Iterator[_Start]:
    """Find what looks like a start, from the front: the first that is one shows most."""
    for begin in range(0, len(tail), _REGION):
        # One byte more than the head, since it may begin in the midst of one.
        part = tail[begin : begin + _REGION + _HEAD + 1]
        found = [*_own_codes(part), *_stored(part), *_members(part)]
        for start in sorted(found, key=lambda start: start.bit):
            yield _Start(8 * begin + start.bit, start.kind)


def _own_codes(part: bytes) -> Iterator[_Start]:
    bits = int.from_bytes(part, "little")
    for shift in range(8):
        shifted = (bits >> shift).to_bytes(len(part), "little")
        for match in _OWN_CODES.finditer(shifted):
            if _is_whole_code(int.from_bytes(shifted[match.start() :][:_HEAD], "little")):
                yield _Start(8 * match.start() + shift, _Kind.OWN_CODES)


def _is_whole_code(head: int) -> bool:
    """Whether the code that the lengths of a block's codes are written in has no gap."""
    count = (head >> 13 & 15) + 4
    lengths, share = head >> 17 & (1 << 3 * count) - 1, 0
    while lengths:
        share += _SHARES[lengths & 0xFFF]
        lengths >>= 12
    return share == _WHOLE_CODE


def _stored(part: bytes) -> Iterator[_Start]:
    """Find lengths that stand beside their complement."""
    bits = int.from_bytes(part, "little")
    for match in _STORED.finditer((bits ^ bits >> 16).to_bytes(len(part), "little")):
        yield _Start(8 * match.start(), _Kind.STORED)


def _members(part: bytes) -> Iterator[_Start]:
    for match in _MEMBER.finditer(part):
        yield _Start(8 * match.start(), _Kind.MEMBER)


class _Inflater(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes, /, max_length: int = 0) -> bytes: ...


class _StrayError(Exception):
    """What looked like a start is none."""


class _TooMuchWorkError(Exception):
    """The tail is full of what looks like starts."""


class _Search:
    """Decodes from starts on; all attempts share what may be spent."""

    def __init__(self, tail: bytes) -> None:
        self._tail = tail
        self._left = _MAX_WORK

    def attempt(self, start: _Start) -> int:
        """Count what is unpacked from a start on; 0 if it does not lead to the end."""
        try:
            byte, shift = divmod(start.bit, 8)
            if start.kind is _Kind.MEMBER:
                return self._count_members(byte)
            return self._count_from_block(byte, shift, start.kind)
        except (zlib.error, _StrayError):
            return 0

    def _count_from_block(self, byte: int, shift: int, kind: _Kind) -> int:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS, zdict=_WINDOW)
        if kind is _Kind.STORED:
            inflater.decompress(b"\0")
        else:
            # What stands before the block in its first byte becomes the end of another block.
            inflater.decompress(_LEADS[shift] + bytes((self._tail[byte] >> shift << shift,)))
            byte += 1
        count, end = self._inflate(inflater, byte)
        trailer = self._tail[end : end + _TRAILER]
        length = int.from_bytes(trailer[4:], "little")
        end += len(trailer)
        is_last = end == len(self._tail)
        if len(trailer) < _TRAILER or (is_last and length % _TAR_BLOCK):
            raise _StrayError
        return max(count, length) + self._count_members(end)

    def _count_members(self, position: int) -> int:
        count = 0
        while position < len(self._tail):
            if not self._tail.startswith(MAGIC, position):
                raise _StrayError
            length, position = self._inflate(zlib.decompressobj(_GZIP), position)
            count += length
        return count

    def _inflate(self, inflater: _Inflater, position: int) -> tuple[int, int]:
        """Unpack to the end of the stream; give the length, and where in the tail that is."""
        count = 0
        while not inflater.eof:
            data = self._tail[position : position + _STEP]
            if not data:
                raise _StrayError
            self._spend(_STEP)
            piece = inflater.decompress(data, _PIECE)
            self._spend(len(piece) // _BYTES_OUT)
            # At the end of the stream, what is left over is found in both.
            position += len(data) - len(inflater.unused_data or inflater.unconsumed_tail)
            count += len(piece)
        return count, position

    def _spend(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise _TooMuchWorkError
