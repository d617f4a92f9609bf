"""When a certificate ends, read from its DER without cryptography, which costs 10 MB.

https://www.rfc-editor.org/rfc/rfc5280#section-4.1
"""

from base64 import b64decode
from datetime import UTC, datetime
from typing import Final

_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"
_END: Final = b"-----END CERTIFICATE-----"
_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0
_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18
_FIELDS_BEFORE: Final = 3  # serialNumber, signature, issuer
_LONG_FORM: Final = 0x80
_MAX_LENGTH_BYTES: Final = 4
_CENTURY_PIVOT: Final = 50


class _NotDerError(Exception):
    """The bytes are not what they should be."""


def expiry_of(pem: bytes) -> float | None:
    """Return the end of the first certificate, in Unix time; None if there is none to be read."""
    _, _, rest = pem.partition(_BEGIN)
    body, _, _ = rest.partition(_END)
    try:
        return _not_after(b64decode(body)).timestamp()
    except (_NotDerError, ValueError, OverflowError):
        return None


def _not_after(der: bytes) -> datetime:
    certificate, _ = _take(der, _SEQUENCE)
    rest, _ = _take(certificate, _SEQUENCE)
    if rest[:1] == bytes((_VERSION,)):
        _, rest = _take(rest)
    for _ in range(_FIELDS_BEFORE):
        _, rest = _take(rest)
    validity, _ = _take(rest, _SEQUENCE)
    _, rest = _take(validity)
    text, _ = _take(rest)
    return _time(rest[0], text.decode("ascii", "replace"))


def _take(der: bytes, tag: int | None = None) -> tuple[bytes, bytes]:
    """Split off the first element; return what it holds, and what follows."""
    if len(der) < 2 or (tag is not None and der[0] != tag):  # noqa: PLR2004 - a tag and a length
        raise _NotDerError
    size, start = der[1], 2
    if size >= _LONG_FORM:
        count = size - _LONG_FORM
        if not 0 < count <= _MAX_LENGTH_BYTES:
            raise _NotDerError
        start += count
        size = int.from_bytes(der[2:start], "big")
    if len(der) < start + size:
        raise _NotDerError
    return der[start : start + size], der[start + size :]


def _time(tag: int, text: str) -> datetime:
    if tag == _UTC_TIME:
        year = int(text[:2])
        text = f"{20 if year < _CENTURY_PIVOT else 19}{text}"
    elif tag != _GENERALIZED_TIME:
        raise _NotDerError
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
