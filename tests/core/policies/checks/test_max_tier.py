"""bases.maxTier: how much system a base may hold."""

import pytest

from slimgate.core.errors import UnavailableError
from slimgate.core.images.facts import Base
from slimgate.core.images.reference import Reference
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.policies.checks.max_tier import check
from slimgate.core.policies.finding import Subject
from slimgate.core.policies.policy import MinEvidence, TierLimit
from slimgate.core.workloads.workload import Role
from tests.core.make import (
    DENY,
    GOLANG,
    UNKNOWN,
    WARN,
    WEB,
    brief,
    image,
    inspection,
    limiting,
    one,
    standing,
    subject,
    use,
)

BOTH = TierLimit(warn=Tier.MINIMAL, deny=Tier.FULL)
PROVEN, CLAIMED, INFERRED = Evidence.PROVEN, Evidence.CLAIMED, Evidence.INFERRED


@pytest.mark.parametrize(
    ("limit", "tier", "expected"),
    [
        (BOTH, Tier.SCRATCH, []),
        (BOTH, Tier.MINIMAL, []),
        (BOTH, Tier.SLIM, [(WARN, Tier.SLIM, Tier.MINIMAL)]),
        (BOTH, Tier.FULL, [(WARN, Tier.FULL, Tier.MINIMAL)]),
        (BOTH, Tier.BUILDER, [(DENY, Tier.BUILDER, Tier.FULL)]),
        (BOTH, None, [(UNKNOWN, None, None)]),
        (TierLimit(deny=Tier.SCRATCH), Tier.SCRATCH, []),
        (TierLimit(deny=Tier.SCRATCH), Tier.DISTROLESS, [(DENY, Tier.DISTROLESS, Tier.SCRATCH)]),
        (TierLimit(warn=Tier.FULL), Tier.BUILDER, [(WARN, Tier.BUILDER, Tier.FULL)]),
        (TierLimit(deny=Tier.BUILDER), Tier.BUILDER, []),
    ],
)
def test_max_tier(limit: TierLimit, tier: Tier | None, expected: list[tuple[object, ...]]) -> None:
    """What is above a tier violates, as with every other limit."""
    given = one(image(base=Base(tier=tier)))

    found = list(check(standing(max_tier=limit), given))

    assert brief(found) == expected
    reason = "the tier of its base is unknown" if tier is None else None
    assert {one.reason for one in found} <= {reason}


@pytest.mark.parametrize(
    ("evidence", "wanted", "outcome", "rests_on"),
    [
        (PROVEN, PROVEN, DENY, PROVEN),
        (CLAIMED, PROVEN, UNKNOWN, INFERRED),
        (INFERRED, PROVEN, UNKNOWN, INFERRED),
        (PROVEN, CLAIMED, DENY, PROVEN),
        (CLAIMED, CLAIMED, UNKNOWN, INFERRED),
        (CLAIMED, INFERRED, DENY, INFERRED),
        (INFERRED, INFERRED, DENY, INFERRED),
    ],
)
def test_evidence(
    evidence: Evidence, wanted: Evidence, outcome: object, rests_on: Evidence
) -> None:
    """On weaker evidence than the policy wants nothing is violated; a tier is never claimed."""
    policy = standing(max_tier=BOTH, min_evidence=MinEvidence(tier=wanted))
    given = one(image(base=Base(name="golang:1", tier=Tier.BUILDER, evidence=evidence)))

    (found,) = check(policy, given)

    assert (found.outcome, found.evidence) == (outcome, rests_on)
    expected = f"its tier Builder is {rests_on.value}, and the policy wants it {wanted.value}"
    assert found.reason == (expected if outcome is UNKNOWN else None)


def test_a_toolchain_on_a_proven_base() -> None:
    """The base is proven, and what was added to it is seen in the image's own traces."""
    base = Base(name="debian:13", tier=Tier.BUILDER, evidence=PROVEN, tier_inferred=True)

    (found,) = check(standing(max_tier=BOTH), one(image(base=base)))

    assert (found.outcome, found.evidence) == (DENY, INFERRED)


def test_a_guess_is_enough_to_allow() -> None:
    """Evidence is asked for before a violation, not before an image is left alone."""
    policy = standing(max_tier=BOTH, min_evidence=MinEvidence(tier=PROVEN))

    assert brief(check(policy, one(image(base=Base(tier=Tier.MINIMAL, evidence=INFERRED))))) == []


def test_no_base_to_judge() -> None:
    """Without the limit, or where an image is only mounted, nothing is found."""
    model = use("m", "model", Role.VOLUME)

    assert brief(check(limiting(), one(image(base=GOLANG)))) == []
    assert brief(check(standing(deny=("x",)), one(image(base=GOLANG)))) == []
    assert brief(check(standing(max_tier=BOTH), one(image(base=GOLANG), model))) == []


GOLDEN = "registry.example.com/golden/go:1"


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        (Base(tier=Tier.BUILDER, evidence=INFERRED), None),
        (Base(name="golang:1", tier=Tier.BUILDER, evidence=PROVEN), None),
        (Base(name="golang:1", tier=Tier.BUILDER, evidence=CLAIMED), None),
        (
            Base(name="golang:1", tier=Tier.BUILDER, evidence=PROVEN, claims=(GOLDEN,)),
            f"the base {GOLDEN} is unknown: down",
        ),
        (
            Base(name=GOLDEN, tier=None, evidence=CLAIMED, claims=(GOLDEN,)),
            f"the base {GOLDEN} is unknown: down",
        ),
    ],
)
def test_missing_bases(base: Base, expected: str | None) -> None:
    """A base that can't be looked up leaves open only the tier of images that claim it."""
    given = Subject(
        workload=subject({}).workload,
        images={WEB: inspection(image(base=base))},
        missing_bases={Reference.parse(GOLDEN): UnavailableError("down")},
    )

    (found,) = check(standing(max_tier=BOTH), given)

    assert (found.outcome, found.reason) == (UNKNOWN if expected else DENY, expected)
