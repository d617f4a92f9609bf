"""What the last bytes of a gzip layer tell of the length of its tar.

The trailer holds the length modulo 2**32 of the last member only (RFC 1952, section 2.3.1). It is
believed where everything at hand speaks for one member of a plausible length; in any doubt the
answer is unknown, with a reason. What a tail can't rule out: a member before the tail, followed by
one that is longer than the tail and alone unpacks to more than the whole blob; or over 4 GiB of
what packs to next to nothing, followed by what does not. No builder makes such layers; reading the
layer whole is the only way to catch one that is made on purpose. So a size read off a tail
is an estimate. Where it is not believed, the layer is still as long at least, if the tail is gzip's
at all.
"""

import zlib
from typing import Final

from slimgate.core.images.facts import Size
from slimgate.core.layers.deflate import DENSEST, MAGIC, least_length
from slimgate.core.layers.members import MalformedMemberError, without_flags

TAIL: Final = 64 * 2**10
"""Bytes to fetch from a layer's end."""
MAX_RATIO: Final = 16
"""A guess at how dense layers get: they unpack to 2 to 4 times their size, text to 8.

A length is believed only if it is below this and the next possible one, 4 GiB more, is above, so
layers from about 300 MiB on stay unknown, as do sparse files.
"""
_TRAILER: Final = 8
_BLOCK: Final = 512
_WRAP: Final = 2**32
_HEADER_ROOM: Final = 1_024  # a gzip header may hold a file name and extra fields
_STORED_BLOCK: Final = 16_383  # zlib's smallest stored blocks; each costs 5 bytes
_STARGZ_FOOTERS: Final = (b"STARGZ", b"STARGZEXTERNALTOC")
_FOOTER: Final = 64
_BGZF_END: Final = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_MAX_CANDIDATES: Final = 32
_MAX_TRIAL: Final = 64 * 2**20
_TRIAL_STEP: Final = 2**20
_DENSE: Final = 0.9


def size_from_tail(tail: bytes, compressed: int) -> Size:
    """Decide the length of the tar of a gzip layer of `compressed` bytes that ends with `tail`.

    `tail` is the whole layer or its last 64 KiB at least. The size is estimated, or unknown with a
    reason, and then with a lower bound where the tail is known to be gzip's, which a media type
    does not make it.
    """
    if len(tail) < min(compressed, TAIL) or len(tail) < _TRAILER:
        return Size.unknown("the end of the layer could not be read")
    length, least = int.from_bytes(tail[-4:], "little"), least_length(tail)
    reason = _doubt(tail, length, compressed)
    if reason is None and least:
        return Size.estimated(length)
    reason = reason or "nothing at the layer's end shows that it is gzip"
    return Size.unknown(reason, at_least=least if least <= compressed * DENSEST else 0)


def _doubt(tail: bytes, length: int, compressed: int) -> str | None:
    if any(mark in tail[-_FOOTER:] for mark in _STARGZ_FOOTERS) or tail.endswith(_BGZF_END):
        return "the layer has many gzip members, and its trailer covers only the last"
    reason = _implausible(length, compressed)
    if reason is not None:
        return reason
    if not _is_dense(tail):
        return "the layer's end is so repetitive that its trailer may have wrapped at 4 GiB"
    return _other_member(tail, compressed)


def _implausible(length: int, compressed: int) -> str | None:
    if length % _BLOCK:
        return "the length in the gzip trailer is not one that a tar can have"
    if compressed > length + 5 * (length // _STORED_BLOCK + 1) + _HEADER_ROOM:
        return "the length in the gzip trailer is below the layer's compressed size"
    if length > compressed * MAX_RATIO or length + _WRAP <= compressed * MAX_RATIO:
        return "the gzip trailer holds the length modulo 4 GiB, and several lengths are plausible"
    return None


def _is_dense(tail: bytes) -> bool:
    # Long runs, of zeros in a sparse file say, deflate to bytes that deflate once more.
    return len(zlib.compress(tail, 1)) >= len(tail) * _DENSE


def _other_member(tail: bytes, compressed: int) -> str | None:
    start = 1 if len(tail) >= compressed else 0
    tried, budget = 0, _MAX_TRIAL
    position = tail.find(MAGIC, start)
    while position >= 0:
        tried += 1
        if tried > _MAX_CANDIDATES or budget <= 0:
            return "the layer's end looks like the start of too many gzip members"
        ends, used = _is_member_chain(tail[position:], budget)
        budget -= used
        if ends:
            return "the layer has several gzip members, and its trailer covers only the last"
        position = tail.find(MAGIC, position + 1)
    return None


def _is_member_chain(data: bytes, budget: int) -> tuple[bool, int]:
    """Whether `data` is gzip members up to its very end, and how many bytes that unpacked."""
    used = 0
    while data.startswith(MAGIC):
        member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            pending = without_flags(data) or b""
            while not member.eof:
                piece = member.decompress(pending, _TRIAL_STEP)
                used += len(piece)
                if used > budget:
                    return False, used
                if not piece and not member.unconsumed_tail and not member.eof:
                    return False, used
                pending = member.unconsumed_tail
        except (zlib.error, MalformedMemberError):
            return False, used
        data = member.unused_data
    return not data, used
