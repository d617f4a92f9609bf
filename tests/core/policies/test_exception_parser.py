"""SlimException resources: every field is read, and every mistake is named by its path."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.policies.checks import CHECKS
from slimgate.core.policies.exception import ExcusedWorkloads, SlimException
from slimgate.core.policies.exception_parser import parse_exception
from tests.core.make import json_of

SPEC = {
    "policyRefs": ["default"],
    "reason": " a migration ",
    "expirationTime": "2027-01-31T00:00:00Z",
}
DEPLOYMENT = {"apiGroup": "apps", "kind": "Deployment"}
MIB = 2**20


def parse(**spec: object) -> SlimException:
    """Read an exception of this spec."""
    metadata = {"name": "x", "namespace": "team-a"}
    return parse_exception({"metadata": metadata, "spec": {**SPEC, **spec}})


def test_least() -> None:
    """What is left out excuses everything; a reason is trimmed and printable."""
    assert parse() == SlimException(
        namespace="team-a",
        name="x",
        reason="a migration",
        expires=datetime(2027, 1, 31, tzinfo=UTC),
        policies=("default",),
    )
    assert parse(reason="X ray\n").reason == "X ray"
    assert parse(reason="a\x1b" + "b" * 200).reason.startswith("a\\x1bbbb")
    assert parse(checks=None, resources=None, images=None, upTo=None) == parse()


def test_whole() -> None:
    """Every field is read."""
    found = parse(
        policyRefs=["default", "strict.eu"],
        checks=["pullSize", "layers", "growth", "inspection"],
        resources=[DEPLOYMENT, {"apiGroup": "", "kind": "Pod", "name": "web-*"}],
        images=["**/legacy:*"],
        upTo={"pullSize": "900Mi", "layers": 60, "growth": "80%"},
    )

    assert (found.policies, found.images) == (("default", "strict.eu"), ("**/legacy:*",))
    assert found.checks == ("pullSize", "layers", "growth", "inspection")
    assert found.resources == (
        ExcusedWorkloads(group="apps", kind="Deployment", name="*"),
        ExcusedWorkloads(group="", kind="Pod", name="web-*"),
    )
    assert found.up_to == {"pullSize": 900 * MIB, "layers": 60, "growth": 80}


@pytest.mark.parametrize("check", CHECKS)
def test_checks(check: str) -> None:
    """Whatever is found can be excused."""
    assert parse(checks=[check]).checks == (check,)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2027-01-31T00:00:00Z", 0),
        ("2027-01-31T00:00:00.123456789Z", 0),
        ("2027-01-31T02:00:00+02:00", 2),
    ],
)
def test_times(text: str, hours: int) -> None:
    """Every time that the API server takes is one, with its zone."""
    found = parse(expirationTime=text).expires

    assert found.replace(microsecond=0) == datetime(2027, 1, 31, tzinfo=UTC)
    assert found.utcoffset() == timedelta(hours=hours)


def test_far_times() -> None:
    """The first and the last times that are taken are compared like all others."""
    first, last = "2000-01-01T00:00:00+23:59", "2999-12-31T23:59:59-23:59"

    assert parse(expirationTime=first).expires < parse(expirationTime=last).expires


TIME = "spec.expirationTime: must be a time with its zone, as in 2027-01-31T00:00:00Z."
BROKEN = [
    ({"policyRefs": None}, "spec.policyRefs: is required: name the policies."),
    ({"policyRefs": []}, "spec.policyRefs: is required: name the policies."),
    ({"policyRefs": "default"}, "spec.policyRefs: must be a list."),
    ({"policyRefs": ["*"]}, "spec.policyRefs[0]: must be the name of a policy."),
    ({"policyRefs": ["a", "a"]}, "spec.policyRefs[1]: is listed twice."),
    ({"policies": ["a"]}, "spec.policies: is not a field. Did you mean policyRefs?"),
    ({"expires": "x"}, "spec.expires: is not a field."),
    ({"checks": "pullSize"}, "spec.checks: must be a list."),
    ({"checks": []}, "spec.checks: must not be empty: add an entry or leave it out."),
    ({"resources": []}, "spec.resources: must not be empty: add an entry or leave it out."),
    ({"images": []}, "spec.images: must not be empty: add an entry or leave it out."),
    (
        {"checks": ["pullsize"]},
        "spec.checks[0]: must be one of inspection, pullSize, unpackedSize, la",
    ),
    ({"checks": ["tier"]}, "spec.checks[0]: must be one of "),
    ({"resources": [{"kind": "Pod"}]}, "spec.resources[0].apiGroup: is required; write"),
    ({"resources": [{**DEPLOYMENT, "name": "Web"}]}, "spec.resources[0].name: must be a name or "),
    ({"resources": [DEPLOYMENT, {**DEPLOYMENT, "name": "*"}]}, "spec.resources[1]: is listed twic"),
    ({"resources": [{**DEPLOYMENT, "namespace": "a"}]}, "spec.resources[0].namespace: is not a fi"),
    ({"images": [1]}, "spec.images[0]: must be text."),
    ({"images": ["a b"]}, "spec.images[0]: must be an image reference or a glob"),
    (
        {"images": ["r.io/Team/**"]},
        "spec.images[0]: must be an image reference or a glob of them, in lower case",
    ),
    ({"upTo": {}}, "spec.upTo: set at least one cap, as in pullSize: 900Mi."),
    ({"upTo": {"pullSize": "lots"}}, "spec.upTo.pullSize: 'lots' is not a quantity"),
    ({"upTo": {"pullSize": {"deny": 1}}}, "spec.upTo.pullSize: must be a quantity, as in 300Mi"),
    ({"upTo": {"layers": "60"}}, "spec.upTo.layers: must be a whole number from 1 to"),
    ({"upTo": {"layers": 0.5}}, "spec.upTo.layers: must be a whole number from 1 to"),
    ({"upTo": {"maxTier": "Full"}}, "spec.upTo.maxTier: is not a field."),
    ({"upTo": {"layers": 6}, "checks": ["pullSize"]}, "spec.upTo: layers must be among the checks"),
    ({"reason": None}, "spec.reason: is required: say why the exception is needed."),
    ({"reason": " \n"}, "spec.reason: is required: say why the exception is needed."),
    ({"reason": 5}, "spec.reason: must be text."),
    ({"reason": "a" * 257}, "spec.reason: must not have more than 256 characters."),
    ({"expirationTime": None}, "spec.expirationTime: is required, as in 2027-01-31T00:00:00Z."),
    ({"expirationTime": "never"}, TIME),
    ({"expirationTime": "2027-13-31T00:00:00Z"}, TIME),
    ({"expirationTime": "2027-02-30T00:00:00Z"}, TIME),
    ({"expirationTime": "2027-01-31"}, TIME),
    ({"expirationTime": "2027-01-31T00:00:00"}, TIME),
    ({"expirationTime": "2027-01-31t00:00:00z"}, TIME),
    ({"expirationTime": 5}, "spec.expirationTime: must be text."),
]


@pytest.mark.parametrize(("spec", "message"), BROKEN, ids=[str(spec) for spec, _ in BROKEN])
def test_broken(spec: dict[str, object], message: str) -> None:
    """A mistake never excuses more than was meant: it is refused with its path."""
    with pytest.raises(InvalidPolicyError) as caught:
        parse(**spec)

    assert str(caught.value).startswith(message)


def test_whole_numbers() -> None:
    """A cap on a count may be written with a point, as kubectl takes it."""
    assert parse(upTo={"layers": 60.0}).up_to == {"layers": 60}


def test_without_spec() -> None:
    """An exception needs a spec."""
    with pytest.raises(InvalidPolicyError, match="spec: must be an object"):
        parse_exception({})


REFUSED = {
    "type": "Accepted",
    "status": "False",
    "reason": "TooLong",
    "observedGeneration": 2,
    "lastTransitionTime": "2026-11-25T12:00:00Z",
}
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, NOON),
        ({"reason": "NotAllowed"}, NOON),
        ({"reason": "Invalid"}, None),
        ({"status": "True", "reason": "Accepted"}, None),
        ({"type": "InForce"}, None),
        ({"observedGeneration": 1}, None),
        ({"observedGeneration": None}, None),
        ({"lastTransitionTime": "yesterday"}, None),
        ({"lastTransitionTime": 5}, None),
    ],
)
def test_when_it_was_refused(change: dict[str, object], expected: datetime | None) -> None:
    """Its status says since when a policy does not allow it, of the spec as it is now only."""
    resource = {
        "metadata": {"name": "x", "namespace": "team-a", "generation": 2},
        "spec": SPEC,
        "status": {"conditions": ["odd", {"type": "Used"}, {**REFUSED, **change}]},
    }

    assert parse_exception(resource).refused_since == expected


KEYS = (
    "metadata", "spec", "policyRefs", "checks", "resources", "apiGroup", "kind", "images", "upTo",
    "layers", "reason", "expirationTime",
)  # fmt: skip


@given(json_of(*KEYS))
def test_only_one_kind_of_error(raw: object) -> None:
    """Whatever a resource holds, it is an exception or an InvalidPolicyError."""
    with suppress(InvalidPolicyError):
        parse_exception({"spec": raw})
