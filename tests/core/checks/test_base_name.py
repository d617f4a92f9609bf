"""bases.allow and bases.deny: which bases pass, and on what evidence."""

from dataclasses import replace

import pytest

from slimgate.core.checks.base_name import check
from slimgate.core.errors import UnavailableError
from slimgate.core.finding import Outcome, Subject
from slimgate.core.image import UNKNOWN_BASE, Base
from slimgate.core.policy import NamedBase, Policy
from slimgate.core.reference import Reference
from slimgate.core.tier import Evidence, Tier
from tests.core.make import (
    AMD64,
    ARM64,
    DENY,
    GOLANG,
    UNKNOWN,
    WEB,
    brief,
    image,
    inspection,
    limiting,
    one,
    standing,
    subject,
)

ALLOW = standing(allow=("scratch", "gcr.io/distroless/*"))
CLAIMS = standing(allow=("alpine",), accept=Evidence.CLAIMED)
GUESSES = standing(allow=("alpine",), accept=Evidence.INFERRED)
FORBID = standing(deny=("golang*", "debian"))
SCRATCH = Base(name="scratch", tier=Tier.SCRATCH, evidence=Evidence.PROVEN, layers=0)
STATIC = Base(name="gcr.io/distroless/static:1", evidence=Evidence.PROVEN)


def alpine(evidence: Evidence | None) -> Base:
    """Make a base that is believed on some evidence."""
    return Base(name="alpine:3.21", family="alpine", tier=Tier.MINIMAL, evidence=evidence)


UNCHECKED = replace(alpine(Evidence.CLAIMED), unchecked="its registry is down")

CASES = [
    (ALLOW, SCRATCH, []),
    (ALLOW, STATIC, []),
    (ALLOW, GOLANG, [(DENY, "golang:1.26", None)]),
    (ALLOW, Base(family="debian", evidence=Evidence.INFERRED), [(DENY, "debian", None)]),
    (ALLOW, Base(tier=Tier.FULL), [(DENY, None, None)]),
    (ALLOW, UNKNOWN_BASE, [(UNKNOWN, None, None)]),
    (CLAIMS, alpine(Evidence.PROVEN), []),
    (CLAIMS, alpine(Evidence.CLAIMED), []),
    (CLAIMS, alpine(Evidence.INFERRED), [(DENY, "alpine:3.21", "Claimed")]),
    (CLAIMS, alpine(None), [(DENY, "alpine:3.21", "Claimed")]),
    (GUESSES, alpine(Evidence.INFERRED), []),
    (standing(allow=("alpine",)), alpine(Evidence.CLAIMED), [(DENY, "alpine:3.21", "Proven")]),
    (FORBID, GOLANG, [(DENY, "golang:1.26", None)]),
    (FORBID, Base(family="debian", evidence=Evidence.INFERRED), [(DENY, "debian", None)]),
    (FORBID, alpine(Evidence.INFERRED), []),
    (FORBID, UNKNOWN_BASE, [(UNKNOWN, None, None)]),
    (standing(allow=("alpine",)), UNCHECKED, [(UNKNOWN, "alpine:3.21", "Proven")]),
    (ALLOW, UNCHECKED, [(DENY, "alpine:3.21", None)]),
    (standing(tier=None), GOLANG, []),
    (limiting(), GOLANG, []),
]


@pytest.mark.parametrize(("policy", "base", "expected"), CASES)
def test_base_name(policy: Policy, base: Base, expected: list[tuple[object, ...]]) -> None:
    """Allowed bases need the evidence that is asked for, denied ones none."""
    assert brief(check(policy, one(image(base=base)))) == expected


def test_unknown_bases_say_so() -> None:
    """An unknown base is not known, and not another one."""
    (found,) = check(ALLOW, one(image()))

    assert found.reason == "its base is not known"


def test_platforms() -> None:
    """Each platform may stand on a base of its own."""
    seen = inspection(image(base=SCRATCH, platform=AMD64), image(base=GOLANG, platform=ARM64))
    (found,) = check(ALLOW, subject({WEB: seen}))

    assert found.image is seen.images[1]


def test_missing_bases_are_no_violation() -> None:
    """While a base of the policy's own can't be looked up, what is not proven is unknown."""
    golden = Reference.parse("registry.example.com/golden/go:1.26")
    policy = standing(allow=("golden",), known=(NamedBase(reference=golden, name="golden"),))

    def outcomes(base: Base) -> list[Outcome]:
        given = Subject(
            workload=subject({}).workload,
            images={WEB: inspection(image(base=base))},
            missing_bases={golden: UnavailableError("down")},
        )
        return [found.outcome for found in check(policy, given)]

    assert outcomes(alpine(Evidence.INFERRED)) == [UNKNOWN]
    assert outcomes(alpine(Evidence.PROVEN)) == [DENY]
    assert outcomes(Base(name="golden", evidence=Evidence.PROVEN)) == []
