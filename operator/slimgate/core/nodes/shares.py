"""Whole numbers of bytes, divided so that the parts add up to the whole.

Everybody's part is within a byte of the exact one: the exact parts are added up one after the
other, and each sum is rounded to the nearest byte, so that who comes at half a byte gets it.
"""

from collections.abc import Mapping
from typing import Final, TypeVar

K = TypeVar("K")

UNIT: Final = 2**32
"""Weights count such parts of a byte: a layer that three share has no whole third."""


def apportion(weights: Mapping[K, int], total: int) -> dict[K, int]:
    """Divide a total by weights; where none weighs anything, all are alike.

    Nobody can be given what is left over where there is nobody, so then there must be nothing.
    """
    if not weights:
        if total:
            raise ValueError(f"nobody is there for {total} bytes")
        return {}
    whole = sum(weights.values())
    if not whole:
        return apportion(dict.fromkeys(weights, 1), total) if total else dict.fromkeys(weights, 0)
    parts: dict[K, int] = {}
    passed = given = 0
    for key, weight in weights.items():
        passed += weight
        parts[key] = (2 * passed * total + whole) // (2 * whole) - given
        given += parts[key]
    return parts
