"""SlimException: what it excuses, for whom and until when, in admission and in what is recorded."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.lab.kubectl import Kubectl
from tests.live import make
from tests.live.api import Json, eventually
from tests.live.conftest import MakeRoom
from tests.live.programs import Program
from tests.live.room import Room
from tests.live.shelf import FAT, SMALL

pytestmark = pytest.mark.lab

POLICY = "{policy}"


def _deployments(name: str) -> Json:
    return {"resources": [{"apiGroup": "apps", "kind": "Deployment", "name": name}]}


# What an exception names, and whether it excuses the Deployment `web` of the image `app:v1`, which
# pulls 49.1 KiB.
SCOPES: dict[str, tuple[Json, bool]] = {
    "everything of the policy": ({}, True),
    "another policy": ({"policyRefs": ["other"]}, False),
    "two policies": ({"policyRefs": ["other", POLICY]}, True),
    "the check": ({"checks": ["pullSize"]}, True),
    "another check": ({"checks": ["layers"]}, False),
    "a cap above it": ({"checks": ["pullSize"], "upTo": {"pullSize": "50Ki"}}, True),
    "a cap below it": ({"checks": ["pullSize"], "upTo": {"pullSize": "49Ki"}}, False),
    "a cap alone": ({"upTo": {"pullSize": "50Ki"}}, True),
    "a cap of another check alone": ({"upTo": {"layers": 9}}, False),
    "the image": ({"images": ["**/app:v1"]}, True),
    "the image without its tag": ({"images": ["**/app"]}, True),
    "another image": ({"images": ["**/app:v2"]}, False),
    "the workload": (_deployments("we?"), True),
    "another workload": (_deployments("web-*"), False),
    "the image and another workload": ({"images": ["**/app"], **_deployments("db")}, False),
}


@pytest.mark.parametrize("case", SCOPES)
def test_scope(room: Room, case: str) -> None:
    """All that an exception names must fit, and then the violation is excused."""
    scope, excused = SCOPES[case]
    image = room.shelf.noise(SMALL)
    policy = room.policy(limits={"pullSize": {"deny": "10k"}})
    named = [policy if one == POLICY else one for one in scope.get("policyRefs", [policy])]
    room.api.create(make.exception(room.namespace, **{**scope, "policyRefs": named}))
    # A second one, for a workload that nobody has, tells when the first has been seen.
    canary = make.exception(room.namespace, policy, **_deployments("canary"))
    room.api.create(_named(canary, "canary"))

    eventually(lambda: room.ask(image, name="canary").accepted, "the exceptions are seen")

    assert room.ask(image).accepted is excused


def test_its_own_namespace_only(make_room: MakeRoom) -> None:
    """An exception excuses nothing in another namespace."""
    own, other = make_room(), make_room()
    both = {"namespaces": {"include": [own.namespace, other.namespace]}}
    policy = own.policy(limits={"pullSize": {"deny": "10k"}}, match=both)
    image = own.shelf.noise(SMALL)
    own.api.create(make.exception(own.namespace, policy))

    eventually(lambda: own.ask(image).accepted, "the exception is seen")

    assert other.ask(image).status == 403


def test_one_policy_of_two(room: Room) -> None:
    """What one policy is excused from, another still denies."""
    image = room.shelf.noise(SMALL)
    excused = room.policy(limits={"pullSize": {"deny": "10k"}})
    strict = room.policy(limits={"layerSize": {"deny": "10k"}})
    room.api.create(make.exception(room.namespace, excused))

    answer = eventually(
        lambda: a if excused not in (a := room.ask(image)).message else None,
        "the exception is seen",
    )

    assert answer.status == 403
    assert f"[policy {strict}, layerSize]" in answer.message


def test_its_life(room: Room, controller: Program) -> None:
    """It is counted while it holds; when it ends, the workload is judged anew and it says so."""
    image = room.shelf.noise(FAT)
    policy = room.policy(limits={"pullSize": {"deny": "300k"}})
    exception = room.api.create(make.exception(room.namespace, policy))
    made = eventually(
        lambda: a.body if (a := room.api.try_create(room.workload(image))).accepted else None,
        "the exception is seen",
    )

    summary = room.await_verdict(made, "allow")
    in_force = eventually(lambda: _state(room, exception, {"workloads": 1}), "it is counted")
    in_force_status = room.status_of(exception)
    soon = datetime.now(UTC) + timedelta(seconds=2)
    room.api.patch(exception, {"spec": {"expirationTime": soon.isoformat()}})
    room.await_verdict(made, "deny", seconds=10)
    ended = datetime.now(UTC)
    after = eventually(
        lambda: _state(room, exception, {"InForce": "False", "workloads": 0}),
        "it says that it ended, and counts none",
    )

    assert ended > soon
    assert summary == "1 image within policy, 1 excused"
    same = {"Accepted": "True", "ResolvedRefs": "True", "Used": "True"}
    assert in_force == {"workloads": 1, "InForce": "True", **same}
    assert after == {"workloads": 0, "InForce": "False", **same}
    (excused,) = in_force_status["excused"]
    assert excused == {"check": "pullSize", "workloads": 1, "largest": "391Ki", "limit": "293Ki"}
    assert room.status_of(exception)["excused"] == []
    assert [event["reason"] for event in room.events(made)] == ["SlimPolicyViolation"]
    assert room.ask(image, name="new").status == 403
    assert controller.runs()


def test_what_cannot_be_judged(room: Room) -> None:
    """It excuses an image that is unknown, too, where that would deny."""
    policy = room.policy(limits={"pullSize": {"deny": "300k"}}, onUnknown="Deny")
    before = room.ask("no//reference")
    room.api.create(make.exception(room.namespace, policy))

    eventually(lambda: room.ask("no//reference").accepted, "the exception is seen")

    assert before.status == 403


def test_it_goes(room: Room, controller: Program) -> None:
    """Whoever deletes an exception has its workloads judged anew."""
    image = room.shelf.noise(FAT)
    policy = room.policy(limits={"pullSize": {"deny": "300k"}})
    exception = room.api.create(make.exception(room.namespace, policy))
    made = eventually(
        lambda: a.body if (a := room.api.try_create(room.workload(image))).accepted else None,
        "the exception is seen",
    )
    room.await_verdict(made, "allow")

    room.api.delete(exception)

    room.await_verdict(made, "deny")
    eventually(lambda: not room.ask(image, name="new").accepted, "admission has seen it, too")
    assert controller.runs()


# What a policy says of exceptions, and why one that ends in an hour is refused.
RULES: dict[str, tuple[Json, str]] = {
    "none at all": ({"allowed": False}, "policy {policy} allows no exceptions"),
    "half an hour": (
        {"maxDuration": "30m"},
        "policy {policy} allows exceptions for 30m at most: set spec.expirationTime to ",
    ),
}


@pytest.mark.parametrize("case", RULES)
def test_what_its_policy_does_not_allow(room: Room, kubectl: Kubectl, case: str) -> None:
    """Kubectl shows one line; one that was stored before excuses nothing."""
    rules, said = RULES[case]
    image = room.shelf.noise(SMALL)
    policy = room.policy(limits={"pullSize": {"deny": "10k"}})
    room.api.create(make.exception(room.namespace, policy))
    eventually(lambda: room.ask(image).accepted, "the exception is seen")
    other = _named(make.exception(room.namespace, policy), "other")

    room.edit(policy, exceptions=rules)
    eventually(lambda: room.ask(image).status == 403, "the policy is seen")
    refused = kubectl.attempt("create", "-f", "-", stdin=json.dumps(other))

    assert refused.returncode == 1
    line = refused.stderr.strip()
    assert line.startswith(
        'Error from server (Forbidden): error when creating "STDIN": admission webhook '
        '"exceptions.slimgate.dev" denied the request: slimgate: ' + said.format(policy=policy)
    )
    assert len(line.splitlines()) == 1


def test_time_brings_no_refused_exception_into_force(room: Room, controller: Program) -> None:
    """What was refused as too long stays so when little of it is left; an edit is measured anew."""
    image = room.shelf.noise(SMALL)
    policy = room.policy(limits={"pullSize": {"deny": "10k"}})
    ends = datetime.now(UTC) + timedelta(seconds=24)
    exception = room.api.create(
        make.exception(room.namespace, policy, expirationTime=ends.isoformat(timespec="seconds"))
    )
    eventually(lambda: room.ask(image).accepted, "the exception is seen")

    room.edit(policy, exceptions={"maxDuration": "14s"})
    eventually(lambda: room.condition(exception, "Accepted")[1] == "TooLong", "it says so")
    eventually(lambda: ends - datetime.now(UTC) < timedelta(seconds=13), "13 s are left")
    refused, accepted = room.ask(image), room.condition(exception, "Accepted")
    room.api.patch(exception, {"spec": {"reason": "somebody has looked at it"}})

    eventually(lambda: room.ask(image).accepted, "the edit is seen")
    eventually(lambda: room.condition(exception, "Accepted")[0] == "True", "it says so")
    assert refused.status == 403
    assert accepted[1] == "TooLong"
    assert "14s at most" in accepted[2]
    assert controller.runs()


def test_an_edit_that_reads_the_same(room: Room, controller: Program) -> None:
    """Its status is about the spec that is there, well before all statuses are looked at again."""
    policy = room.policy(limits={"pullSize": {"deny": "10k"}})
    exception = room.api.create(make.exception(room.namespace, policy, upTo={"pullSize": "1Mi"}))
    eventually(lambda: room.status_of(exception).get("observedGeneration") == 1, "it has a status")

    room.api.patch(exception, {"spec": {"upTo": {"pullSize": 2**20}}})

    seen = "the status is about the edited spec"
    eventually(lambda: room.status_of(exception)["observedGeneration"] == 2, seen, seconds=10)
    assert controller.runs()


# What is wrong with a spec, and the line in which the API server says so.
MISTAKES: dict[str, tuple[dict[str, str | None], str]] = {
    "no such day": (
        {"expirationTime": "2027-02-30T00:00:00Z"},
        (
            'spec.expirationTime: Invalid value: "2027-02-30T00:00:00Z": '
            'spec.expirationTime in body must be of type date-time: "2027-02-30T00:00:00Z"'
        ),
    ),
    "no end": ({"expirationTime": None}, "spec.expirationTime: Required value"),
    "no policy": ({"policyRefs": None}, "spec.policyRefs: Required value"),
    "no reason": ({"reason": None}, "spec.reason: Required value"),
    "an empty reason": (
        {"reason": "  "}, 'spec.reason: Invalid value: "  ": say why the exception is needed',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes(room: Room, kubectl: Kubectl, case: str) -> None:
    """The API server refuses it; one line names the field, and says what should be there."""
    change, said = MISTAKES[case]
    wrong = make.exception(room.namespace, "default")
    wrong["spec"] = {k: v for k, v in {**wrong["spec"], **change}.items() if v is not None}
    refused = kubectl.attempt("create", "-f", "-", stdin=json.dumps(wrong))

    # To other errors than those of rules, Kubernetes adds that rules were not checked.
    lines = [line for line in refused.stderr.splitlines() if "spec." in line]
    assert refused.returncode == 1
    assert [line[line.index("spec.") :] for line in lines] == [said]


def _named(obj: Json, name: str) -> Json:
    return {**obj, "metadata": {**obj["metadata"], "name": name}}


def _state(room: Room, exception: Json, wanted: Json) -> Json | None:
    """Return count and conditions once they are as wanted."""
    status = room.api.get(exception).get("status", {})
    conditions = {c["type"]: c["status"] for c in status.get("conditions", [])}
    found = {"workloads": status.get("workloads"), **conditions}
    return found if wanted.items() <= found.items() else None
