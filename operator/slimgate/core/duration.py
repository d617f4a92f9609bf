"""Durations as Kubernetes and Go write them: `90s`, `5m`, `1h30m`.

Source: https://pkg.go.dev/time#ParseDuration; units below a millisecond and signs are not taken.
"""

import re
from fractions import Fraction
from typing import Final

from slimgate.core.errors import InvalidDurationError
from slimgate.core.text import printable

PATTERN: Final = r"(0|([0-9]{1,9}(\.[0-9]{1,9})?(h|ms|m|s))+)"
"""What is taken, for JSON schemas too."""
_PART: Final = re.compile(r"([0-9.]+)(h|ms|m|s)")
_DURATION: Final = re.compile(PATTERN)
_SECONDS: Final = {
    "h": Fraction(3600),
    "m": Fraction(60),
    "s": Fraction(1),
    "ms": Fraction(1, 1000),
}
_MAX_TEXT: Final = 64


def parse_duration(text: str) -> float:
    """Read a duration as seconds; InvalidDurationError if it is not one."""
    if len(text) > _MAX_TEXT or not _DURATION.fullmatch(text):
        raise InvalidDurationError(
            f"{printable(text, 64)!r} is not a duration: write hours, minutes and seconds, as in "
            "1h30m, 5m or 2.5s."
        )
    return float(sum(Fraction(number) * _SECONDS[unit] for number, unit in _PART.findall(text)))


def format_duration(seconds: float) -> str:
    """Write a duration, with milliseconds as the smallest unit: `1h30m`, `2.5s`."""
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else ""]
    if rest:
        parts.append(f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s")
    return "".join(parts) or "0s"
