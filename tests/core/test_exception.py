"""SlimExceptions: what they excuse, for how long, and what is said of broken ones."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.exception import SlimException, parse_exception
from slimgate.core.finding import Finding, Outcome, Subject
from slimgate.core.workload import Owner, Workload
from tests.core.make import WEB, inspection, json_of, subject, use

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)
LEGACY = use("registry.example.com/legacy:1", "old")
SUBJECT = subject({WEB: inspection(), LEGACY: inspection()})
FINDING = Finding(policy="default", check="pullSize", outcome=Outcome.DENY, use=WEB)


def exception(
    namespace: str = "team-a",
    expires: datetime = LATER,
    policies: tuple[str, ...] = (),
    images: tuple[str, ...] = (),
    workloads: tuple[str, ...] = (),
) -> SlimException:
    """Make an exception for all of a namespace, but for what is given."""
    return SlimException(
        namespace=namespace,
        name="x",
        reason="r",
        expires=expires,
        policies=policies,
        images=images,
        workloads=workloads,
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
    (exception(workloads=("web",)), True),
    (exception(workloads=("api", "w*")), True),
    (exception(workloads=("api",)), False),
    (exception(images=("*/shop:*",)), True),
    (exception(images=("*/legacy:*",)), False),
    (exception(images=("*/shop:*",), workloads=("api",)), False),
]


@pytest.mark.parametrize(("given_exception", "expected"), COVERS)
def test_covers(given_exception: SlimException, *, expected: bool) -> None:
    """All parts must fit, in the exception's own namespace, and before it expires."""
    assert given_exception.covers(FINDING, SUBJECT, NOW) is expected


@pytest.mark.parametrize(
    ("images", "expected"),
    [(("*/shop:*",), False), (("*/shop:*", "*/legacy"), True), ((), True)],
    ids=["one", "both", "all"],
)
def test_findings_on_the_whole_workload(images: tuple[str, ...], *, expected: bool) -> None:
    """A finding on all images together is excused only where all of them are."""
    whole = Finding(policy="default", check="workloadPullSize", outcome=Outcome.DENY)

    assert exception(images=images).covers(whole, SUBJECT, NOW) is expected


def test_owned_workloads() -> None:
    """What a workload makes is excused by the name of the workload."""
    owned = Workload(
        kind="ReplicaSet",
        namespace="team-a",
        name="web-5d9",
        owner=Owner(kind="Deployment", name="web"),
    )
    made = Subject(workload=owned, images={WEB: inspection()})

    assert exception(workloads=("web",)).covers(FINDING, made, NOW)
    assert exception(workloads=("web-5d9",)).covers(FINDING, made, NOW)
    assert not exception(workloads=("api",)).covers(FINDING, made, NOW)


SPEC = {"reason": " a migration ", "expires": "2027-01-31T00:00:00Z"}


def parse(**spec: object) -> SlimException:
    """Read an exception of this spec."""
    metadata = {"name": "x", "namespace": "team-a"}
    return parse_exception({"metadata": metadata, "spec": {**SPEC, **spec}})


def test_read() -> None:
    """Every field is read; a reason is kept short and printable."""
    found = parse(policies=["default"], images=["*/legacy:*"], workloads=["web"])

    assert found == SlimException(
        namespace="team-a",
        name="x",
        reason="a migration",
        expires=datetime(2027, 1, 31, tzinfo=UTC),
        policies=("default",),
        images=("*/legacy:*",),
        workloads=("web",),
    )
    assert parse(reason="a\x1b" + "b" * 300).reason.startswith("a\\x1bbbb")
    assert len(parse(reason="b" * 300).reason) == 256


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2027-01-31T00:00:00Z", 0),
        ("2027-01-31t00:00:00z", 0),
        ("2027-01-31T00:00:00.123456789Z", 0),
        ("2027-01-31T02:00:00+02:00", 2),
    ],
)
def test_times(text: str, hours: int) -> None:
    """Every time that the API server takes is one, with its zone."""
    found = parse(expires=text).expires

    assert found.replace(microsecond=0) == datetime(2027, 1, 31, tzinfo=UTC)
    assert found.utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
def test_far_times(text: str) -> None:
    """Times at the edges of the calendar are compared like all others."""
    expected = text.startswith("9")

    assert parse(expires=text).covers(FINDING, SUBJECT, NOW) is expected


BROKEN = [
    ({"reason": None}, "spec.reason: is required: say why the exception is needed."),
    ({"reason": "  "}, "spec.reason: is required: say why the exception is needed."),
    ({"reason": 5}, "spec.reason: must be text."),
    ({"expires": None}, "spec.expires: must be a time, as in 2027-01-31T00:00:00Z."),
    ({"expires": "never"}, "spec.expires: must be a time, as in 2027-01-31T00:00:00Z."),
    ({"expires": "2027-13-31T00:00:00Z"}, "spec.expires: must be a time, as in 2027-01-31T00:"),
    ({"expires": 5}, "spec.expires: must be text."),
    ({"expires": "2027-01-31"}, "spec.expires: needs a time zone, as in 2027-01-31T00:00:00Z."),
    ({"policies": "default"}, "spec.policies: must be a list."),
    ({"images": [1]}, "spec.images[0]: must be text."),
    ({"workloads": {}}, "spec.workloads: must be a list."),
    ({"policy": "default"}, "spec.policy: is not a field. Did you mean policies?"),
]


@pytest.mark.parametrize(("spec", "message"), BROKEN, ids=[str(spec) for spec, _ in BROKEN])
def test_broken(spec: dict[str, object], message: str) -> None:
    """A mistake never excuses more than was meant: it is refused with its path."""
    with pytest.raises(InvalidPolicyError) as caught:
        parse(**spec)

    assert str(caught.value).startswith(message)


def test_without_spec() -> None:
    """An exception needs a spec."""
    with pytest.raises(InvalidPolicyError, match="spec: must be an object"):
        parse_exception({})


@given(json_of("metadata", "spec", "reason", "expires", "policies", "images", "workloads"))
def test_only_one_kind_of_error(raw: object) -> None:
    """Whatever a resource holds, it is an exception or an InvalidPolicyError."""
    with suppress(InvalidPolicyError):
        parse_exception({"spec": raw})
