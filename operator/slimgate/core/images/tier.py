"""Tiers of bases, slimmest first, and how strong the evidence for a base is."""

from enum import Enum, IntEnum
from typing import Final, Self

EMPTY_BASE: Final = "scratch"
"""The name of the empty base, as `FROM` and globs write it; its tier is `Scratch`."""


class Tier(IntEnum):
    """How much system an image is based on, slimmest first."""

    SCRATCH = 0
    DISTROLESS = 1
    MINIMAL = 2
    SLIM = 3
    FULL = 4
    BUILDER = 5

    @property
    def label(self) -> str:
        """The tier's name as policies and messages write it."""
        return self.name.capitalize()

    @classmethod
    def of(cls, label: str) -> Self:
        """Find a tier by its label; KeyError if there is none."""
        return {tier.label: tier for tier in cls}[label]


class Evidence(Enum):
    """Why a base is believed, strongest first."""

    PROVEN = "Proven"
    CLAIMED = "Claimed"
    INFERRED = "Inferred"

    @property
    def strength(self) -> int:
        """2 for Proven, 1 for Claimed, 0 for Inferred."""
        return {"Proven": 2, "Claimed": 1, "Inferred": 0}[self.value]

    def suffices(self, wanted: "Evidence") -> bool:
        """Whether it is as strong as what is wanted, or stronger."""
        return self.strength >= wanted.strength
