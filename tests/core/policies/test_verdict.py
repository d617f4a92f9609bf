"""Verdicts: all policies together, exceptions, and what could not be inspected."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from slimgate.core.errors import NotFoundError
from slimgate.core.images.facts import Base, Size
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.policies.checks import CHECKS
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import (
    BaseRules,
    ExceptionRules,
    Limit,
    Limits,
    Match,
    Mode,
    Policy,
    TierLimit,
)
from slimgate.core.policies.verdict import Verdict, evaluate
from slimgate.core.workloads.workload import MAX_IMAGES
from tests.core.make import (
    ARM64,
    DENY,
    UNKNOWN,
    WARN,
    WEB,
    denying,
    image,
    inspection,
    limiting,
    on_images,
    one,
    subject,
    use,
)

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LOST = Size.unknown("lost")
GONE = NotFoundError("there is no such image")
SIDE = use("proxy:1", "sidecar")


def policy(
    name: str,
    pull: Limit,
    layers: Limit | None = None,
    match: Match | None = None,
    mode: Mode = Mode.ENFORCE,
) -> Policy:
    """Make a policy of some limits."""
    limits = Limits(pull_size=pull, layers=layers)
    return Policy(name=name, mode=mode, limits=limits, match=match or Match())


SOFT = policy("soft", Limit(warn=10))
HARD = policy("hard", Limit(deny=20))
BOTH = policy("both", Limit(warn=10, deny=20))
AUDIT = policy("audit", Limit(deny=5), mode=Mode.AUDIT)
TEAM = policy("team", Limit(deny=1), match=on_images("proxy"))


def judge(given: Subject, *policies: Policy, excuse: tuple[SlimException, ...] = ()) -> Verdict:
    """Reach a verdict now."""
    return evaluate(given, policies, excuse, NOW)


def excuse(
    expires: datetime = NOW + timedelta(days=1), policies: tuple[str, ...] = ("soft", "hard")
) -> SlimException:
    """Make an exception."""
    return SlimException(
        namespace="team-a", name="x", reason="r", expires=expires, policies=policies
    )


def brief(findings: tuple[Finding, ...]) -> list[tuple[str, str, Outcome]]:
    """Reduce findings to who says what."""
    return [(found.policy, found.check, found.outcome) for found in findings]


OUTCOMES = [
    ("no policy", (), one(image(10**9)), Outcome.ALLOW),
    ("within", (SOFT, HARD), one(image(10)), Outcome.ALLOW),
    ("warned", (SOFT, HARD), one(image(11)), WARN),
    ("denied outweighs warned", (SOFT, HARD), one(image(21)), DENY),
    ("in any order", (HARD, SOFT), one(image(21)), DENY),
    ("before modes", (AUDIT,), one(image(6)), DENY),
    ("unknown", (SOFT,), subject({WEB: GONE}), UNKNOWN),
    (
        "unknown outweighs warned",
        (SOFT,),
        subject({WEB: GONE, SIDE: inspection(image(11))}),
        UNKNOWN,
    ),
    ("denied outweighs unknown", (HARD,), subject({WEB: GONE, SIDE: inspection(image(21))}), DENY),
    ("a part warned of", (BOTH,), one(image(11, LOST)), UNKNOWN),
    ("a part warned of, which is the most", (SOFT,), one(image(11, LOST)), WARN),
    ("a part denied", (BOTH,), one(image(21, LOST)), DENY),
    ("not its images", (TEAM,), subject({WEB: GONE}), Outcome.ALLOW),
    ("no images", (SOFT, HARD), subject({}), Outcome.ALLOW),
]


@pytest.mark.parametrize(
    ("policies", "given", "expected"), [c[1:] for c in OUTCOMES], ids=[c[0] for c in OUTCOMES]
)
def test_strictest_wins(policies: tuple[Policy, ...], given: Subject, expected: Outcome) -> None:
    """The strictest finding of all policies is the verdict, whatever their modes."""
    assert judge(given, *policies).outcome is expected


def test_every_finding_names_its_policy() -> None:
    """Policies speak for themselves, and what each says can be told apart."""
    strict = policy("strict", Limit(warn=1, deny=10), Limit(warn=1))
    verdict = judge(one(image(6, 15)), SOFT, HARD, strict)

    assert brief(verdict.findings) == [
        ("soft", "pullSize", WARN),
        ("hard", "pullSize", DENY),
        ("strict", "pullSize", DENY),
        ("strict", "layers", WARN),
    ]
    assert verdict.policies == (SOFT, HARD, strict)


def test_only_the_policys_images() -> None:
    """No check looks at an image that its policy does not speak of."""
    base = Base(
        name="golang:1.26",
        tier=Tier.BUILDER,
        evidence=Evidence.PROVEN,
        contradiction="it claims another",
    )
    fat = inspection(image(21, 21, base=base))
    given = subject({WEB: fat, SIDE: fat}, dict.fromkeys((WEB, SIDE), inspection(image(1))))
    strict = Policy(
        name="strict",
        match=on_images("proxy"),
        limits=denying(
            pull_size=1, unpacked_size=1, layers=1, layer_size=1, workload_pull_size=41, growth=1
        ),
        bases=BaseRules(deny=("golang",), max_tier=TierLimit(deny=Tier.FULL)),
    )

    found = judge(given, strict).findings

    # Those of one image alone are within 42 bytes, which are no more to pull for both.
    assert {one.use for one in found} == {SIDE, None}
    assert {one.check for one in found} == CHECKS.keys() - {"inspection"}
    assert [one.value for one in found if one.use is None] == [42]
    # Whoever has compared them already is believed.
    told = replace(given, spoken_of={"strict": frozenset({WEB})})
    assert {one.use for one in judge(told, strict).findings} == {WEB, None}


def test_more_images_than_are_judged() -> None:
    """That is unknown, for each policy, and what is known of the others stands."""
    uses = [use(f"r.io/a:{number}", f"c{number}") for number in range(MAX_IMAGES + 1)]
    workload = replace(subject({}).workload, images=tuple(uses))
    known = subject({uses[0]: inspection(image(21))}, workload=workload)

    (beyond, fat) = judge(known, HARD).findings
    within = replace(known, workload=replace(workload, images=workload.judged))

    assert (fat.use, fat.outcome) == (uses[0], DENY)
    assert (beyond.use, beyond.check, beyond.outcome) == (None, "inspection", UNKNOWN)
    assert beyond.reason == "it has 513 images, and slimgate judges 512 of a workload at most"
    assert judge(within, HARD).findings == (fat,)


EXCUSES = [
    ("all", (excuse(),), Outcome.ALLOW, 2),
    ("one policy", (excuse(policies=("hard",)),), WARN, 1),
    ("another", (excuse(policies=("other",)),), DENY, 0),
    ("expired", (excuse(expires=NOW),), DENY, 0),
    ("expired and not", (excuse(expires=NOW), excuse()), Outcome.ALLOW, 2),
    ("two", (excuse(policies=("hard",)), excuse(policies=("soft",))), Outcome.ALLOW, 2),
]


@pytest.mark.parametrize(
    ("exceptions", "expected", "count"), [c[1:] for c in EXCUSES], ids=[c[0] for c in EXCUSES]
)
def test_exceptions(exceptions: tuple[SlimException, ...], expected: Outcome, count: int) -> None:
    """What is excused does not count, and it is kept beside the exception that excuses it."""
    verdict = judge(one(image(21)), SOFT, HARD, excuse=exceptions)

    assert verdict.outcome is expected
    assert len(verdict.excused) == count
    assert len(verdict.findings) == 2 - count
    assert all(by in exceptions for _, by in verdict.excused)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (ExceptionRules(max_duration=timedelta(days=1)), Outcome.ALLOW),
        (ExceptionRules(max_duration=timedelta(hours=23)), DENY),
        (ExceptionRules(allowed=False), DENY),
    ],
)
def test_exceptions_that_a_policy_does_not_allow(rules: ExceptionRules, expected: Outcome) -> None:
    """They excuse nothing, however they came to be stored; other policies honour them."""
    given = one(image(21))
    found = judge(given, SOFT, replace(HARD, exceptions=rules), excuse=(excuse(),))

    assert found.outcome is expected
    assert "soft" not in {finding.policy for finding in found.findings}


def test_what_counts_as_the_same() -> None:
    """What is counted of two verdicts: policies, findings, what is excused, and images."""
    found = judge(one(image(21)), HARD)
    renamed = replace(found.subject, workload=replace(found.subject.workload, name="other"))
    others = [
        judge(one(image(21)), HARD, SOFT),
        judge(one(image(22)), HARD),
        judge(one(image(21)), HARD, excuse=(excuse(),)),
        replace(found, subject=one(image(21, platform=ARM64))),
    ]

    assert found.counts_as(replace(found, subject=renamed))
    assert [found.counts_as(other) for other in others] == [False] * 4


def test_the_unknown_can_be_excused() -> None:
    """An exception holds while the registry is down, too."""
    verdict = judge(subject({WEB: GONE}), HARD, excuse=(excuse(),))

    assert verdict.outcome is Outcome.ALLOW
    assert [found.outcome for found, _ in verdict.excused] == [UNKNOWN]


def test_policies_without_limits() -> None:
    """A policy that limits nothing finds nothing."""
    assert judge(one(image(10**12)), limiting()).findings == ()
