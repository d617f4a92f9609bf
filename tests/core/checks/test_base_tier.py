"""bases.tier: how fat a base may be."""

import pytest

from slimgate.core.checks.base_tier import check
from slimgate.core.errors import UnavailableError
from slimgate.core.finding import Subject
from slimgate.core.image import Base
from slimgate.core.policy import NamedBase, TierLimit
from slimgate.core.reference import Reference
from slimgate.core.tier import Evidence, Tier
from slimgate.core.workload import Role
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

BOTH = TierLimit(warn=Tier.SLIM, deny=Tier.BUILDER)


@pytest.mark.parametrize(
    ("limit", "tier", "expected"),
    [
        (BOTH, Tier.SCRATCH, []),
        (BOTH, Tier.MINIMAL, []),
        (BOTH, Tier.SLIM, [(WARN, Tier.SLIM, Tier.SLIM)]),
        (BOTH, Tier.FULL, [(WARN, Tier.FULL, Tier.SLIM)]),
        (BOTH, Tier.BUILDER, [(DENY, Tier.BUILDER, Tier.BUILDER)]),
        (BOTH, None, [(UNKNOWN, None, None)]),
        (TierLimit(deny=Tier.SCRATCH), Tier.SCRATCH, [(DENY, Tier.SCRATCH, Tier.SCRATCH)]),
        (TierLimit(warn=Tier.FULL), Tier.BUILDER, [(WARN, Tier.BUILDER, Tier.FULL)]),
    ],
)
def test_base_tier(limit: TierLimit, tier: Tier | None, expected: list[tuple[object, ...]]) -> None:
    """The named tier, unlike a limit of size, is itself over the line."""
    given = one(image(base=Base(tier=tier)))

    assert brief(check(standing(tier=limit), given)) == expected


def test_unknown_tiers_say_so() -> None:
    """An unknown tier says what is not known."""
    (found,) = check(standing(tier=BOTH), one(image()))

    assert found.reason == "the tier of its base is not known"


def test_no_base_to_judge() -> None:
    """Without the limit, or where an image is only mounted, nothing is found."""
    model = use("m", "model", Role.VOLUME)

    assert brief(check(limiting(), one(image(base=GOLANG)))) == []
    assert brief(check(standing(deny=("x",)), one(image(base=GOLANG)))) == []
    assert brief(check(standing(tier=BOTH), one(image(base=GOLANG), model))) == []


@pytest.mark.parametrize(
    ("evidence", "outcome"), [(Evidence.INFERRED, UNKNOWN), (Evidence.PROVEN, DENY)]
)
def test_missing_bases_are_no_violation(evidence: Evidence, outcome: object) -> None:
    """While a base of the policy's own can't be looked up, what is not proven is unknown."""
    golden = Reference.parse("registry.example.com/golden/go:1.26")
    policy = standing(tier=BOTH, known=(NamedBase(reference=golden),))
    given = Subject(
        workload=subject({}).workload,
        images={WEB: inspection(image(base=Base(tier=Tier.BUILDER, evidence=evidence)))},
        missing_bases={golden: UnavailableError("down")},
    )

    assert [found.outcome for found in check(policy, given)] == [outcome]
