"""Tiers and evidence: their order and their words."""

import pytest

from slimgate.core.images.tier import Evidence, Tier


def test_order() -> None:
    """From Scratch to Builder each tier holds more than the one before it."""
    labels = ["Scratch", "Distroless", "Minimal", "Slim", "Full", "Builder"]

    assert [tier.label for tier in sorted(Tier)] == labels
    assert [Tier.of(label) for label in labels] == sorted(Tier)


@pytest.mark.parametrize(
    "label", ["", "SCRATCH", "slim", "S\N{LATIN SMALL LETTER DOTLESS I}im", "0"]
)
def test_no_tier(label: str) -> None:
    """Nothing else is a tier, not even in another case: the CRD does not let them pass either."""
    with pytest.raises(KeyError):
        Tier.of(label)


def test_evidence() -> None:
    """Proof is stronger than a claim, a claim stronger than an inference."""
    by_strength = sorted(Evidence, key=lambda evidence: evidence.strength)

    assert by_strength == [Evidence.INFERRED, Evidence.CLAIMED, Evidence.PROVEN]
    assert [one.suffices(Evidence.CLAIMED) for one in by_strength] == [False, True, True]
