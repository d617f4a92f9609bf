"""How much memory a zstd frame asks for, by its header, before a byte of it is unpacked.

https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1
"""

from typing import Final

_MAGIC: Final = 4
_SINGLE_SEGMENT: Final = 0x20
_DICTIONARY_BYTES: Final = (0, 1, 2, 4)
_CONTENT_BYTES: Final = (0, 2, 4, 8)
_SECOND_LENGTH: Final = 256
"""A content of two bytes is so much longer than they say."""


def header_length(head: bytes) -> int:
    """Tell how long the header is of a frame that begins with these five bytes or more."""
    before, content = _parts(head[_MAGIC])
    return before + content


def window_of(header: bytes) -> int:
    """Tell how many bytes of what comes out a reader must keep: all, where there is one segment."""
    descriptor = header[_MAGIC]
    if not descriptor & _SINGLE_SEGMENT:
        exponent, mantissa = divmod(header[_MAGIC + 1], 8)
        return (8 + mantissa) << 7 + exponent
    before, content = _parts(descriptor)
    length = int.from_bytes(header[before : before + content], "little")
    return length + _SECOND_LENGTH if content == 2 else length  # noqa: PLR2004


def _parts(descriptor: int) -> tuple[int, int]:
    """Tell where the content's length is, and how long that is itself."""
    is_single = bool(descriptor & _SINGLE_SEGMENT)
    before = _MAGIC + 1 + (not is_single) + _DICTIONARY_BYTES[descriptor & 3]
    return before, _CONTENT_BYTES[descriptor >> 6] or int(is_single)
