"""What bytes cost, where prices are given: none are, unless somebody writes them down."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeVar

K = TypeVar("K")

GIB: Final = 2**30
_CENT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Of a GiB: a month of it on a node's disk or in a registry, and one that is pulled.

    In any currency; what has no price costs nothing and is not shown.
    """

    node_disk: Decimal = Decimal(0)
    registry: Decimal = Decimal(0)
    pull: Decimal = Decimal(0)

    @property
    def given(self) -> bool:
        """Whether there is any."""
        return bool(self.node_disk or self.registry or self.pull)


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """Bytes of a month: on nodes' disks and in registries for all of it, and those pulled in it."""

    node_disk: int = 0
    registry: int = 0
    pulled: int = 0


def cost(billed: Billed, prices: Prices) -> Fraction:
    """Tell exactly what some bytes cost in a month."""
    pairs = (
        (billed.node_disk, prices.node_disk),
        (billed.registry, prices.registry),
        (billed.pulled, prices.pull),
    )
    return sum((Fraction(size, GIB) * Fraction(price) for size, price in pairs), Fraction(0))


def costs(months: Mapping[K, Billed], prices: Prices) -> Mapping[K, Decimal] | None:
    """Tell what everybody's bytes cost in a month, to the cent; None where nothing has a price.

    Cents are rounded so that they add up to those of the whole: the exact costs are added up one
    after the other, as bytes are in `shares`.
    """
    if not prices.given:
        return None
    found: dict[K, Decimal] = {}
    exact, told = Fraction(0), 0
    for key, billed in months.items():
        exact += cost(billed, prices) * _CENT
        found[key] = Decimal(_rounded(exact) - told) / _CENT
        told = _rounded(exact)
    return found


def _rounded(amount: Fraction) -> int:
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)
