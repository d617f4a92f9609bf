"""bases.allow and bases.deny: which bases pass, and on what evidence."""

from dataclasses import replace

import pytest

from slimgate.core.errors import UnavailableError
from slimgate.core.images.facts import UNKNOWN_BASE, Base
from slimgate.core.images.reference import Reference
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.policies.checks.base import check
from slimgate.core.policies.finding import Outcome, Subject
from slimgate.core.policies.policy import MinEvidence, Policy
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

PROVEN, CLAIMED, INFERRED = Evidence.PROVEN, Evidence.CLAIMED, Evidence.INFERRED
ALLOW = standing(allow=("scratch", "gcr.io/distroless/**"))
CLAIMS = standing(allow=("alpine",), min_evidence=MinEvidence(allow=CLAIMED))
GUESSES = standing(allow=("alpine",), min_evidence=MinEvidence(allow=INFERRED))
FORBID = standing(deny=("golang", "debian"))
SCRATCH = Base(name="scratch", tier=Tier.SCRATCH, evidence=PROVEN, layers=0)
STATIC = Base(name="gcr.io/distroless/static:1", evidence=PROVEN)


def alpine(evidence: Evidence | None) -> Base:
    """Make a base that is believed on some evidence."""
    return Base(name="alpine:3.21", family="alpine", tier=Tier.MINIMAL, evidence=evidence)


UNCHECKED = replace(alpine(CLAIMED), unchecked="its registry is down")
DISGUISED = Base(name="golden:1", family="alpine", evidence=CLAIMED)
MINE = Base(name="r.io/mine:1", evidence=PROVEN, family_inferred=True)
MIXED = replace(MINE, family="debian", other_families=("alpine",))
CLAIMER = replace(MINE, family="debian", claims=("docker.io/library/alpine:3.21",))
LIAR = replace(CLAIMER, contradiction="it claims to be based on alpine:3.21")
LOOKS_BARE = replace(MINE, family="scratch")
LONGER = replace(MINE, aliases=("gcr.io/distroless/static:1",))

CASES = [
    (ALLOW, SCRATCH, []),
    (ALLOW, STATIC, []),
    (ALLOW, LONGER, []),
    (ALLOW, LOOKS_BARE, [(DENY, "r.io/mine:1", "Proven")]),
    (ALLOW, GOLANG, [(DENY, "golang:1.26", None)]),
    (ALLOW, Base(family="debian", evidence=INFERRED), [(DENY, "debian", None)]),
    (ALLOW, Base(tier=Tier.FULL), [(DENY, None, None)]),
    (ALLOW, UNKNOWN_BASE, [(UNKNOWN, None, None)]),
    (CLAIMS, alpine(PROVEN), []),
    (CLAIMS, alpine(CLAIMED), []),
    (CLAIMS, alpine(INFERRED), [(DENY, "alpine:3.21", "Claimed")]),
    (CLAIMS, alpine(None), [(DENY, "alpine:3.21", "Claimed")]),
    (CLAIMS, DISGUISED, [(DENY, "golden:1", "Claimed")]),
    (GUESSES, alpine(INFERRED), []),
    (GUESSES, DISGUISED, []),
    (standing(allow=("alpine",)), alpine(CLAIMED), [(DENY, "alpine:3.21", "Proven")]),
    (FORBID, GOLANG, [(DENY, "golang:1.26", None)]),
    (FORBID, Base(family="debian", evidence=INFERRED), [(DENY, "debian", None)]),
    (FORBID, alpine(INFERRED), []),
    (FORBID, MIXED, [(DENY, "debian", None)]),
    (standing(deny=("alpine",)), MIXED, [(DENY, "alpine", None)]),
    (standing(deny=("alpine",)), CLAIMER, [(DENY, "docker.io/library/alpine:3.21", None)]),
    (standing(deny=("alpine",)), LIAR, []),
    (
        standing(deny=("gcr.io/distroless/**",)),
        LONGER,
        [(DENY, "gcr.io/distroless/static:1", None)],
    ),
    (standing(allow=("alpine",)), MIXED, [(DENY, "r.io/mine:1", None)]),
    (standing(allow=("debian",)), MIXED, [(DENY, "r.io/mine:1", "Proven")]),
    (FORBID, UNKNOWN_BASE, [(UNKNOWN, None, None)]),
    (standing(allow=("alpine",)), UNCHECKED, [(UNKNOWN, "alpine:3.21", "Proven")]),
    (ALLOW, UNCHECKED, [(DENY, "alpine:3.21", None)]),
    (standing(), GOLANG, []),
    (limiting(), GOLANG, []),
]


@pytest.mark.parametrize(("policy", "base", "expected"), CASES)
def test_base(policy: Policy, base: Base, expected: list[tuple[object, ...]]) -> None:
    """Allowed bases need the evidence that is asked for; without it they are not allowed."""
    assert brief(check(policy, one(image(base=base)))) == expected


@pytest.mark.parametrize(
    ("base", "wanted", "outcome"),
    [
        (alpine(PROVEN), PROVEN, DENY),
        (alpine(CLAIMED), PROVEN, UNKNOWN),
        (alpine(INFERRED), CLAIMED, UNKNOWN),
        (alpine(CLAIMED), CLAIMED, DENY),
        (DISGUISED, CLAIMED, UNKNOWN),
        (MIXED, INFERRED, DENY),
        (MIXED, CLAIMED, UNKNOWN),
        (CLAIMER, CLAIMED, DENY),
        (CLAIMER, PROVEN, UNKNOWN),
        (DISGUISED, INFERRED, DENY),
    ],
)
def test_denied_on_evidence(base: Base, wanted: Evidence, outcome: Outcome) -> None:
    """A denied base is unknown on weaker evidence than the policy wants."""
    policy = standing(deny=("alpine",), min_evidence=MinEvidence(deny=wanted))

    (found,) = check(policy, one(image(base=base)))

    assert found.outcome is outcome
    assert (found.reason is None) == (outcome is DENY)
    assert found.evidence is not None
    assert (found.reason or "").startswith(
        f"its base {found.value} is {found.evidence.value}, and the policy wants it {wanted.value}"
        if outcome is UNKNOWN
        else ""
    )


def test_unknown_bases_say_so() -> None:
    """An unknown base is not known, and not another one."""
    found = [next(check(policy, one(image()))) for policy in (ALLOW, FORBID)]

    assert [one.reason for one in found] == ["its base is unknown"] * 2


def test_platforms() -> None:
    """Each platform may have a base of its own."""
    seen = inspection(image(base=SCRATCH, platform=AMD64), image(base=GOLANG, platform=ARM64))
    (found,) = check(ALLOW, subject({WEB: seen}))

    assert found.image is seen.images[1]


GOLDEN = Reference.parse("registry.example.com/golden/go:1")
CLAIMING = Base(name=str(GOLDEN), evidence=CLAIMED, claims=(str(GOLDEN),))


@pytest.mark.parametrize(
    ("policy", "base", "expected"),
    [
        (standing(allow=("**/golden/*",)), alpine(INFERRED), UNKNOWN),
        (standing(allow=("**/golden/*",)), UNKNOWN_BASE, UNKNOWN),
        (standing(allow=("**/golden/*",)), alpine(PROVEN), UNKNOWN),
        (standing(allow=("**/golden/*", "alpine")), alpine(PROVEN), None),
        (standing(allow=("**/golden/*",)), replace(STATIC, name=str(GOLDEN)), None),
        (standing(allow=("scratch",)), alpine(INFERRED), DENY),
        (standing(allow=("scratch",)), CLAIMING, UNKNOWN),
        (standing(allow=("scratch",)), replace(alpine(PROVEN), claims=(str(GOLDEN),)), UNKNOWN),
        (standing(deny=("alpine",)), alpine(INFERRED), DENY),
        (standing(deny=("alpine",)), replace(alpine(PROVEN), claims=(str(GOLDEN),)), UNKNOWN),
        (standing(deny=("**/golden/*",)), alpine(INFERRED), None),
        (standing(deny=("**/golden/*",)), CLAIMING, DENY),
    ],
)
def test_missing_bases(policy: Policy, base: Base, expected: Outcome | None) -> None:
    """One that can't be looked up leaves open what it may allow, and images that claim it.

    A claim of what is denied is taken at its word.
    """
    given = Subject(
        workload=subject({}).workload,
        images={WEB: inspection(image(base=base))},
        missing_bases={GOLDEN: UnavailableError("down")},
    )

    found = list(check(policy, given))

    assert [one.outcome for one in found] == ([] if expected is None else [expected])
    said = f"the base {GOLDEN} is unknown: down"
    assert [one.reason for one in found] == [said if expected is UNKNOWN else None] * len(found)
