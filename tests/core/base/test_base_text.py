"""How a base is written wherever users read of one."""

import pytest

from slimgate.core.base.base_text import base_text
from slimgate.core.images.facts import UNKNOWN_BASE, Base
from slimgate.core.images.tier import Evidence, Tier
from tests.core.make import GOLANG


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        (GOLANG, "golang:1.26 (Builder, Proven)"),
        (Base(family="debian", tier=Tier.FULL), "debian (Full)"),
        (Base(family="debian", evidence=Evidence.INFERRED), "debian (Inferred)"),
        (Base(name="scratch", tier=Tier.SCRATCH, evidence=Evidence.PROVEN), "scratch (Proven)"),
        (Base(name="empty:1", tier=Tier.SCRATCH), "empty:1 (Scratch)"),
        (
            Base(name="debian:13", tier=Tier.BUILDER, evidence=Evidence.PROVEN, tier_inferred=True),
            "debian:13 (Proven), Builder (Inferred)",
        ),
        (UNKNOWN_BASE, "unknown"),
    ],
)
def test_base_text(base: Base, expected: str) -> None:
    """A base is written with what is known of it, and nothing twice."""
    assert base_text(base) == expected
