"""SlimExceptions: what they excuse, for how long, how far, and which policies honour them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from slimgate.core.matching.globs import Globs
from slimgate.core.policies.checks import CHECKS
from slimgate.core.policies.exception import ExcusedWorkloads, Refusal, SlimException
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import ExceptionRules, Policy
from slimgate.core.workloads.workload import MAX_IMAGES, Owner, Workload
from tests.core.make import WEB, inspection, subject, use

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)
LEGACY = use("registry.example.com/legacy:1", "old")
SUBJECT = subject({WEB: inspection(), LEGACY: inspection()})
FINDING = Finding(policy="default", check="pullSize", outcome=Outcome.DENY, use=WEB, value=400)
ALL_WEB = ExcusedWorkloads(group="apps", kind="Deployment", name="w*")
API = ExcusedWorkloads(group="apps", kind="Deployment", name="api")


def exception(
    namespace: str = "team-a",
    expires: datetime = LATER,
    policies: tuple[str, ...] = ("default",),
    *,
    checks: tuple[str, ...] = (),
    images: tuple[str, ...] = (),
    resources: tuple[ExcusedWorkloads, ...] = (),
    **up_to: int,
) -> SlimException:
    """Make an exception for all of a namespace, but for what is given."""
    return SlimException(
        namespace=namespace,
        name="x",
        reason="r",
        expires=expires,
        policies=policies,
        checks=checks,
        images=images,
        resources=resources,
        up_to=up_to,
    )


COVERS = [
    (exception(), True),
    (exception(namespace="team-b"), False),
    (exception(namespace="team-*"), False),
    (exception(expires=NOW), False),
    (exception(expires=NOW - timedelta(days=1)), False),
    (exception(expires=LATER.astimezone(timezone(timedelta(hours=14)))), True),
    (exception(policies=("default", "other")), True),
    (exception(policies=("other",)), False),
    (exception(policies=("def*",)), False),
    (exception(checks=("layers", "pullSize")), True),
    (exception(checks=("layers",)), False),
    (exception(resources=(ALL_WEB,)), True),
    (exception(resources=(API, ALL_WEB)), True),
    (exception(resources=(API,)), False),
    (exception(resources=(ExcusedWorkloads(group="apps", kind="Deployment"),)), True),
    (exception(resources=(ExcusedWorkloads(group="apps", kind="StatefulSet"),)), False),
    (exception(resources=(ExcusedWorkloads(group="apps.example.com", kind="Deployment"),)), False),
    (exception(images=("**/shop:*",)), True),
    (exception(images=("**/legacy:*",)), False),
    (exception(images=("**/shop:*",), resources=(API,)), False),
    (exception(pullSize=400), True),
    (exception(pullSize=399), False),
    (exception(layers=1), False),
    (exception(layers=1, pullSize=400), True),
    (exception(checks=("pullSize",), pullSize=500), True),
    (exception(checks=("pullSize", "layers"), layers=1), True),
]


def covers(one: SlimException, finding: Finding, given: Subject = SUBJECT) -> bool:
    """Ask as a verdict does."""
    concerned = one.concerns(given.workload, NOW)
    return concerned and one.excuses(finding, given, Globs.matches_reference)


@pytest.mark.parametrize(("given_exception", "expected"), COVERS)
def test_covers(given_exception: SlimException, *, expected: bool) -> None:
    """All parts must fit, in the exception's own namespace, and before it expires."""
    assert covers(given_exception, FINDING) is expected


@pytest.mark.parametrize(
    ("value", "at_least", "outcome", "expected"),
    [
        (500, False, Outcome.DENY, True),
        (500, False, Outcome.WARN, True),
        (501, False, Outcome.WARN, False),
        (400, True, Outcome.DENY, False),
        (None, False, Outcome.UNKNOWN, False),
    ],
)
def test_caps(value: int | None, *, at_least: bool, outcome: Outcome, expected: bool) -> None:
    """Only what is known to be no more than the cap is excused, never an unknown size."""
    found = Finding(
        policy="default",
        check="unpackedSize",
        outcome=outcome,
        use=WEB,
        value=value,
        at_least=at_least,
    )

    assert covers(exception(unpackedSize=500), found) is expected
    assert covers(exception(), found)


@pytest.mark.parametrize("check", CHECKS)
def test_caps_and_checks(check: str) -> None:
    """Caps without checks excuse what is capped alone; what is named and has no cap, whatever."""
    found = Finding(policy="default", check=check, outcome=Outcome.DENY, use=WEB, value=400)
    named = exception(checks=("pullSize", "base"), pullSize=399)

    assert covers(exception(pullSize=400, layers=400), found) is (check in {"pullSize", "layers"})
    assert covers(named, found) is (check == "base")


def test_an_image_that_can_not_be_looked_up() -> None:
    """It is excused by the check of its own name, or where neither checks nor caps are named."""
    found = Finding(policy="default", check="inspection", outcome=Outcome.UNKNOWN, use=WEB)

    assert covers(exception(checks=("inspection",)), found)
    assert covers(exception(), found)
    assert not covers(exception(pullSize=1), found)
    assert not covers(exception(checks=("pullSize",)), found)


@pytest.mark.parametrize(
    ("images", "expected"),
    [(("**/shop:*",), False), (("**/shop:*", "**/legacy"), True), ((), True)],
    ids=["one", "both", "all"],
)
def test_findings_on_the_whole_workload(images: tuple[str, ...], *, expected: bool) -> None:
    """A finding on all images together is excused only where all of them are."""
    whole = Finding(policy="default", check="workloadPullSize", outcome=Outcome.DENY)

    assert covers(exception(images=images), whole) is expected


@pytest.mark.parametrize(("images", "expected"), [((), True), (("**",), False)])
def test_a_workload_of_too_many_images(images: tuple[str, ...], *, expected: bool) -> None:
    """Of images that nobody looks at, none is known to be excused by its name."""
    many = tuple(use(f"r.io/a:{number}", f"c{number}") for number in range(MAX_IMAGES + 1))
    given = replace(SUBJECT, workload=replace(SUBJECT.workload, images=many))

    assert covers(exception(images=images), replace(FINDING, use=None), given) is expected


def test_owned_workloads() -> None:
    """What a workload makes is excused with the workload, but not what anyone says it makes."""
    owned = Workload(
        group="apps",
        kind="ReplicaSet",
        namespace="team-a",
        name="web-5d9",
        owner=Owner(group="apps", kind="Deployment", name="web"),
        vouched=True,
    )
    made = Subject(workload=owned, images={WEB: inspection()})
    forged = replace(made, workload=replace(owned, vouched=False))
    itself = ExcusedWorkloads(group="apps", kind="ReplicaSet", name="web-5d9")
    other = ExcusedWorkloads(group="apps", kind="ReplicaSet", name="web")

    assert covers(exception(resources=(ALL_WEB,)), FINDING, made)
    assert not covers(exception(resources=(ALL_WEB,)), FINDING, forged)
    assert covers(exception(resources=(itself,)), FINDING, made)
    assert not covers(exception(resources=(API, other)), FINDING, made)


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("rules", "ends_in", "expected"),
    [
        (ExceptionRules(), 1000 * DAY, None),
        (ExceptionRules(max_duration=90 * DAY), 90 * DAY, None),
        (ExceptionRules(max_duration=90 * DAY), -DAY, None),
        (
            ExceptionRules(max_duration=90 * DAY),
            90 * DAY + timedelta(seconds=1),
            Refusal(
                "TooLong", "policy default allows exceptions for 2160h at most", NOW + 90 * DAY
            ),
        ),
        (
            ExceptionRules(allowed=False, max_duration=90 * DAY),
            DAY,
            Refusal("NotAllowed", "policy default allows no exceptions"),
        ),
    ],
)
def test_policies_that_do_not_honour_it(
    rules: ExceptionRules, ends_in: timedelta, expected: Refusal | None
) -> None:
    """A policy may allow no exception, or none that ends later than so long from now."""
    policy = Policy(name="default", exceptions=rules)

    assert exception(expires=NOW + ends_in).refused_by(policy, NOW) == expected


@pytest.mark.parametrize(
    ("longest", "refused"),
    [(90 * DAY, True), (99 * DAY, True), (100 * DAY, False), (None, False)],
)
@pytest.mark.parametrize("passed", [timedelta(), 50 * DAY, 99 * DAY])
def test_time_brings_nothing_into_force(
    passed: timedelta, longest: timedelta | None, *, refused: bool
) -> None:
    """What was refused goes on being measured from then, whatever is left; policies may change."""
    policy = Policy(name="default", exceptions=ExceptionRules(max_duration=longest))
    held = replace(exception(expires=NOW + 100 * DAY), refused_since=NOW)

    found = held.refused_by(policy, NOW + passed)

    assert (found is not None) is refused
    if found is not None:
        assert found.message.endswith(
            " at most, counted from 2026-11-25T12:00:00Z, when this one was first refused"
        )


def test_a_refusal_to_come() -> None:
    """A status written by a clock that is ahead makes no exception last longer."""
    policy = Policy(name="default", exceptions=ExceptionRules(max_duration=90 * DAY))
    held = replace(exception(expires=NOW + 91 * DAY), refused_since=NOW + 2 * DAY)

    assert held.refused_by(policy, NOW) is not None
