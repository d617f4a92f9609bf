"""Quantities as Kubernetes writes them, and bytes as people read them.

Source: k8s.io/apimachinery/pkg/api/resource/quantity.go.
"""

import math
import re
from fractions import Fraction

from slimgate.core.errors import InvalidQuantityError
from slimgate.core.text import printable

_QUANTITY = re.compile(
    r"(?P<sign>[+-]?)(?P<number>\d+(?:\.\d*)?|\.\d+)"
    r"(?:(?P<suffix>[KMGTPE]i|[numkMGTPE])|[eE](?P<exponent>[+-]?\d{1,2}))?",
    re.ASCII,
)
_LIKE_ONE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgtpe])(i?)b?\s*", re.ASCII | re.IGNORECASE)
_PERCENT = re.compile(r"(\d{1,6})%", re.ASCII)
_FACTORS = {
    "": Fraction(1),
    **{f"{letter}i": Fraction(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
    **{letter: Fraction(1000) ** power for power, letter in enumerate("kMGTPE", 1)},
    **{letter: Fraction(1000) ** -power for power, letter in enumerate("mun", 1)},
}
_MAX_TEXT = 64
_STEP = 1024
_ROUNDS_TO_NEXT = 1023.5
_NO_DECIMALS_FROM = 100
_MAX_BYTES = 2**63 - 1


def as_integer(raw: object) -> object:
    """Take 30.0 for 30, as schemas do, and kubectl, which writes 30 where a file has 30.0."""
    return int(raw) if isinstance(raw, float) and raw.is_integer() else raw


def parse_quantity(text: str | int) -> int:
    """Read a quantity as whole bytes, rounded up as Kubernetes does.

    Raises InvalidQuantityError for anything that is not a positive quantity.
    """
    return min(math.ceil(exact_quantity(text)), _MAX_BYTES)


def exact_quantity(text: str | int) -> Fraction:
    """Read a quantity as Kubernetes compares it with others: only binary ones end at 2^63-1."""
    if isinstance(text, bool):
        raise _invalid(str(text))
    if isinstance(text, int):
        # Longer numbers than this are not even written down (sys.set_int_max_str_digits).
        text = str(max(-_MAX_BYTES, min(text, _MAX_BYTES)))
    match = _QUANTITY.fullmatch(text) if len(text) <= _MAX_TEXT else None
    if match is None:
        raise _invalid(text)
    factor = _FACTORS[match["suffix"] or ""] * Fraction(10) ** int(match["exponent"] or 0)
    value = Fraction(match["number"]) * factor
    if match["sign"] == "-" or value == 0:
        raise InvalidQuantityError(f"{printable(text)!r} must be more than zero.")
    return min(value, Fraction(_MAX_BYTES)) if (match["suffix"] or "").endswith("i") else value


def parse_percent(text: str) -> int:
    """Read `25%` as 25; InvalidQuantityError if it is not of that form."""
    match = _PERCENT.fullmatch(text)
    if match is None:
        raise InvalidQuantityError(
            f"{printable(text)!r} is not a percentage: write a whole number and %, as in 25%."
        )
    return int(match[1])


def format_bytes(count: int) -> str:
    """Write bytes for people, with 1024-based units and at most one decimal: `26.6 MiB`."""
    value, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB"):
        if abs(value) < _ROUNDS_TO_NEXT:
            break
        value, unit = value / _STEP, larger
    decimals = 0 if unit == "B" or abs(value) >= _NO_DECIMALS_FROM else 1
    return f"{value:.{decimals}f}".removesuffix(".0") + f" {unit}"


def format_quantity(count: int) -> str:
    """Write bytes as people write quantities, rounded likewise: `26.6Mi`."""
    number, unit = format_bytes(count).split(" ")
    return number + unit.removesuffix("B")


def meant(text: str) -> str:
    """Ask whether a quantity was meant, where its unit is written as people do, as in 100 MB."""
    match = _LIKE_ONE.fullmatch(text) if len(text) <= _MAX_TEXT else None
    if match is None:
        return ""
    number, letter, binary = match.groups()
    decimal = "k" if letter in "kK" else letter.upper()
    return f" Did you mean {number}{letter.upper() + 'i' if binary else decimal}?"


def _invalid(text: str) -> InvalidQuantityError:
    return InvalidQuantityError(
        f"{printable(text)!r} is not a quantity: write bytes as Kubernetes does, as in 300Mi or 2G."
        + meant(text)
    )
