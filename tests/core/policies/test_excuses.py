"""What a verdict asks of SlimExceptions: the cheap things first, each once, and not without end."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from slimgate.core.matching.globs import MAX_GLOB, Globs
from slimgate.core.policies.exception import ExcusedWorkloads, SlimException
from slimgate.core.policies.excuses import MAX_STEPS
from slimgate.core.policies.finding import Outcome
from slimgate.core.policies.policy import ExceptionRules, Limit, Limits, Policy
from slimgate.core.policies.verdict import Verdict, evaluate
from slimgate.core.policies.ways import MANY_EXCEPTIONS
from tests.core.make import WEB, image, inspection, one, subject, use
from tests.support.calls import Calls

NOW = datetime(2026, 11, 25, tzinfo=UTC)
HARD = Policy(name="hard", limits=Limits(pull_size=Limit(deny=1), layers=Limit(deny=1)))
SOFT = Policy(name="soft", limits=Limits(pull_size=Limit(warn=1), layers=Limit(warn=1)))
FAT = image(2, 2)
API = ExcusedWorkloads(group="apps", kind="Deployment", name="api")
WHOLE = SlimException(
    namespace="team-a",
    name="whole",
    reason="r",
    expires=NOW + timedelta(days=1),
    policies=("hard", "soft"),
    images=("**",),
)
SLOW = tuple(f"**{'e**' * 150}{number}**"[:MAX_GLOB] for number in range(64))
"""Of each, hundreds of parts are in a reference of hundreds of letters, but for the last."""
LONG = use(f"registry.example.com/{'e/' * 120}e:{'e' * 100}")


def judge(exceptions: Sequence[SlimException], *policies: Policy) -> Verdict:
    """Judge an image with a long name that breaks two limits."""
    return evaluate(one(FAT, LONG), policies or (HARD,), exceptions, NOW)


def slow(count: int) -> list[SlimException]:
    """Make exceptions that excuse nothing, and take long to say so."""
    return [replace(WHOLE, name=f"slow-{n}", images=(*SLOW, f"slow-{n}")) for n in range(count)]


@pytest.mark.parametrize(
    ("other", "policy"),
    [
        (replace(WHOLE, expires=NOW), HARD),
        (replace(WHOLE, namespace="team-b"), HARD),
        (replace(WHOLE, policies=("other",)), HARD),
        (replace(WHOLE, checks=("growth",)), HARD),
        (replace(WHOLE, resources=(API,)), HARD),
        (replace(WHOLE, up_to={"pullSize": 1, "layers": 1}), HARD),
        (WHOLE, replace(HARD, exceptions=ExceptionRules(allowed=False))),
    ],
    ids=["expired", "namespace", "policy", "check", "resource", "cap", "none is allowed"],
)
def test_globs_come_last(other: SlimException, policy: Policy) -> None:
    """What something cheaper rules out is compared with no image."""
    with Calls(Globs.compare_excused) as compared:
        verdict = judge([other], policy)

    assert len(verdict.findings) == 2
    # The policy's own globs, of which it has none, are compared once.
    assert compared.count == baseline()


def baseline() -> int:
    """Count what is compared without exceptions."""
    with Calls(Globs.compare_excused) as compared:
        judge([])
    return compared.count


def test_each_image_is_compared_once() -> None:
    """With an exception, however many findings there are on it, of however many policies."""
    names = [use(f"r.io/a:{number}", f"c{number}") for number in range(3)]
    given = subject(dict.fromkeys(names, inspection(FAT)))
    others = [replace(WHOLE, name=f"other-{n}", images=("r.io/b",)) for n in range(5)]
    policies = [replace(HARD, name=f"hard-{n}") for n in range(4)]
    named = [replace(one, policies=tuple(p.name for p in policies)) for one in others]

    with Calls(Globs.compare_excused) as compared:
        verdict = evaluate(given, policies, named, NOW)
    with Calls(Globs.compare_excused) as without:
        evaluate(given, policies, [], NOW)

    assert len(verdict.findings) == 2 * 3 * 4
    assert compared.count - without.count == 3 * 5


def test_the_work_has_a_bound() -> None:
    """However many exceptions there are: what is not compared excuses nothing, and that is said."""
    with Calls(Globs.compare_excused) as few:
        judge(slow(30))
    with Calls(Globs.compare_excused) as many:
        verdict = judge([*slow(60), WHOLE])

    assert many.count == few.count < 30
    assert [(f.check, f.outcome) for f in verdict.findings] == [
        ("pullSize", Outcome.DENY),
        ("layers", Outcome.DENY),
        ("inspection", Outcome.UNKNOWN),
    ]
    beyond = verdict.findings[-1]
    assert beyond.use == LONG
    assert beyond.reason == (
        "its namespace has more SlimExceptions than slimgate compares for one verdict"
    )
    assert beyond.way == MANY_EXCEPTIONS
    assert [*verdict.unknown()] == [("inspection", "too_large")]


def test_within_the_bound() -> None:
    """Those that come before it hold, and some slow ones keep nobody from being asked."""
    assert len(judge([WHOLE, *slow(60)]).excused) == 2
    assert len(judge([*slow(2), WHOLE]).excused) == 2
    plain = [replace(WHOLE, name=f"n-{n}", images=(f"r.io/a{n}",)) for n in range(5_000)]
    assert len(judge([*plain, WHOLE]).excused) == 2


def test_very_many_that_name_no_image() -> None:
    """They are asked no longer than others."""
    caps = replace(WHOLE, images=(), up_to={"pullSize": 1, "layers": 1})

    assert len(judge([caps] * MAX_STEPS).findings) == 3


def test_a_warning_gets_no_worse() -> None:
    """What is only warned of is not unknown because it might be excused."""
    verdict = judge([*slow(60), WHOLE], SOFT)

    assert {finding.outcome for finding in verdict.findings} == {Outcome.WARN}


def test_every_policy_is_told_of() -> None:
    """Each says so of its own findings alone."""
    more = replace(HARD, name="more")
    found = judge([*slow(60), WHOLE], HARD, SOFT, more).findings

    told = [(one.policy, one.use) for one in found if one.check == "inspection"]
    assert told == [("hard", LONG), ("more", LONG)]


def test_the_first_by_order_excuses() -> None:
    """Of several that would, one is named."""
    second = replace(WHOLE, name="second", images=())
    excused = evaluate(one(FAT, WEB), [HARD], [WHOLE, second], NOW).excused

    assert {by.name for _, by in excused} == {"whole"}
