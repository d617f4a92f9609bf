"""Layers that could not be looked at for now: what they may change is unknown, and nothing else."""

import pytest

from slimgate.core.images.facts import Base
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.policies.checks import CHECKS
from slimgate.core.policies.policy import MinEvidence, OnFalseClaim, Policy, TierLimit
from tests.core.make import DENY, UNKNOWN, WEB, brief, image, one, standing

WHY = "the registry is down"
PROVEN = Evidence.PROVEN
ALPINE = Base(family="alpine", tier=Tier.MINIMAL, evidence=Evidence.INFERRED, unread=WHY)
GOLDEN = Base(name="golden:1", tier=Tier.FULL, evidence=PROVEN, unread=WHY)
BUILDER = Base(family="debian", tier=Tier.BUILDER, evidence=Evidence.INFERRED, unread=WHY)
INFERRED = MinEvidence(allow=Evidence.INFERRED)
SLIM, MINIMAL = TierLimit(deny=Tier.SLIM), TierLimit(deny=Tier.MINIMAL)


@pytest.mark.parametrize(
    ("policy", "base", "expected"),
    [
        (standing(allow=("alpine",), min_evidence=INFERRED), ALPINE, UNKNOWN),
        (standing(allow=("alpine",)), ALPINE, UNKNOWN),
        (standing(allow=("debian",)), ALPINE, UNKNOWN),
        (standing(allow=("golden",)), GOLDEN, None),
        (standing(deny=("alpine",)), ALPINE, UNKNOWN),
        (standing(deny=("debian",)), ALPINE, UNKNOWN),
        (standing(deny=("golden",)), GOLDEN, DENY),
        (standing(max_tier=SLIM), ALPINE, UNKNOWN),
        (standing(max_tier=TierLimit(deny=Tier.SCRATCH)), ALPINE, UNKNOWN),
        (standing(max_tier=SLIM), GOLDEN, DENY),
        (standing(max_tier=TierLimit(deny=Tier.FULL)), GOLDEN, UNKNOWN),
        (standing(max_tier=SLIM), BUILDER, DENY),
        (standing(max_tier=TierLimit(deny=Tier.BUILDER)), BUILDER, None),
    ],
)
def test_layers_that_were_not_read(policy: Policy, base: Base, expected: object) -> None:
    """Proofs and toolchains that show stand; whatever else is said of a base is unknown."""
    given = one(image(base=base))
    found = [pair for check in CHECKS.values() for pair in check.find(policy, given)]

    assert [finding.outcome for finding in found] == ([] if expected is None else [expected])
    assert {finding.reason for finding in found} <= {None, WHY}


@pytest.mark.parametrize("reason", ["unchecked", "unread"])
@pytest.mark.parametrize(
    ("on_false_claim", "claims", "expected"),
    [
        (OnFalseClaim.DENY, ("golden:1",), [(UNKNOWN, None, None)]),
        (OnFalseClaim.DENY, (), []),
        (OnFalseClaim.WARN, ("golden:1",), []),
        (OnFalseClaim.IGNORE, ("golden:1",), []),
    ],
)
def test_claims_that_were_not_compared(
    reason: str, on_false_claim: OnFalseClaim, claims: tuple[str, ...], expected: list[object]
) -> None:
    """A claim that may turn out to be false is unknown where that would be denied."""
    base = Base(claims=claims, **{reason: WHY})  # type: ignore[arg-type]
    policy = standing(on_false_claim=on_false_claim)

    found = list(CHECKS["falseClaim"].find(policy, one(image(base=base))))

    assert brief(found) == expected
    assert [(one.check, one.use, one.image, one.reason) for one in found] == [
        ("falseClaim", WEB, image(base=base), f"the base that it claims is unknown: {WHY}")
    ] * len(expected)


def test_a_claim_that_is_false_stays_false() -> None:
    """What was disproved is denied, whatever else is open."""
    base = Base(claims=("golden:1",), contradiction="it lies", unread=WHY)
    policy = standing(on_false_claim=OnFalseClaim.DENY)

    assert brief(CHECKS["falseClaim"].find(policy, one(image(base=base)))) == [
        (DENY, "it lies", None)
    ]
