"""Tiers of bases, slimmest first, and how strong the evidence for a base is."""

from enum import Enum, IntEnum
from typing import Self


class Tier(IntEnum):
    """How much system an image stands on; a larger value is a fatter base (design.md, Facts)."""

    SCRATCH = 0
    DISTROLESS = 1
    MINIMAL = 2
    SLIM = 3
    FULL = 4
    BUILDER = 5

    @property
    def label(self) -> str:
        """The tier's name as policies and messages write it."""
        return self.name.lower()

    @classmethod
    def of(cls, label: str) -> Self:
        """Find a tier by its label; KeyError if there is none."""
        return {tier.label: tier for tier in cls}[label]


class Evidence(Enum):
    """Why a base is believed, strongest first."""

    PROVEN = "proven"
    CLAIMED = "claimed"
    INFERRED = "inferred"

    @property
    def strength(self) -> int:
        """2 for proven, 1 for claimed, 0 for inferred."""
        return {"proven": 2, "claimed": 1, "inferred": 0}[self.value]
