"""Which host names are addresses to whoever connects to them, however they are written.

C libraries take `127.1`, `0x7f000001`, `0177.0.0.1` and `2130706433` for addresses, and aiohttp
asks no resolver for what has digits and dots only. The rule is that of browsers: what ends in a
number is an address, or nothing. https://url.spec.whatwg.org/#concept-ipv4-parser
"""

import ipaddress
import re
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_HEX: Final = re.compile(r"0x([0-9a-f]*)")
_PARTS: Final = 4
_MAX_DIGITS: Final = 64


def literal_of(host: str) -> Address | None:
    """Read a host as an address, None if it is a name; ValueError if it can only be a wrong one."""
    plain = host.lower().strip("[]").removesuffix(".")
    if ":" in plain:
        return ipaddress.IPv6Address(plain)
    parts = plain.split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return None
    return ipaddress.IPv4Address(_whole([_number(part) for part in parts]))


def _number(part: str) -> int:
    if not _NUMBER.fullmatch(part) or len(part) > _MAX_DIGITS:
        raise ValueError("a part is not a number")
    if match := _HEX.fullmatch(part):
        return int(match[1] or "0", 16)
    return int(part, 8 if part.startswith("0") else 10)


def _whole(numbers: list[int]) -> int:
    """Put the parts together: the last one stands for all bytes that are left."""
    *bytes_, rest = numbers
    room = _PARTS - len(bytes_)
    if room < 1 or any(one > 255 for one in bytes_) or rest >= 256**room:  # noqa: PLR2004
        raise ValueError("a part is too large")
    return sum(one << 8 * (3 - index) for index, one in enumerate(bytes_)) + rest
