"""Admission: reviews in, modes applied last, answers out."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given

from slimgate.core.admission.decision import (
    ALLOWED,
    Decision,
    Effect,
    InvalidReviewError,
    bring_back,
    decide,
    decode,
    encode,
    uid_of,
)
from slimgate.core.images.facts import Size
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.policy import Limit, Limits, Mode, OnUnknown, Policy
from slimgate.core.policies.verdict import Verdict, evaluate
from slimgate.core.wording.ways import DOCS, rollback
from slimgate.core.workloads.workload import MAX_IMAGES, ImageUse, Workload
from tests.core.make import (
    DENY,
    MIB,
    UNKNOWN,
    WARN,
    WEB,
    finding,
    image,
    json_of,
    layer,
    one,
    subject,
)

OTHER = replace(WEB, reference="b:1")
POD_SPEC = {"containers": [{"name": "web", "image": "shop:1"}]}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "team-a"},
    "spec": {"template": {"spec": POD_SPEC}},
}
REQUEST = {
    "uid": "u-1",
    "operation": "CREATE",
    "namespace": "team-a",
    "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
    "userInfo": {"username": "alice"},
    "object": DEPLOYMENT,
}


def review(**request: object) -> dict[str, object]:
    """Make an AdmissionReview."""
    return {"kind": "AdmissionReview", "request": {**REQUEST, **request}}


def test_decode_a_creation() -> None:
    """A creation gives the new workload, its user, and nothing old."""
    found = decode(review())

    assert (found.uid, found.operation, found.namespace) == ("u-1", "CREATE", "team-a")
    assert (found.user, found.old) == ("alice", None)
    assert isinstance(found.workload, Workload)
    assert str(found.workload) == "deployment team-a/web"
    assert [use.reference for use in found.workload.images] == ["shop:1"]
    assert not found.images_unchanged


def test_decode_a_deletion() -> None:
    """A deletion has no new object."""
    found = decode(review(operation="DELETE", object=None, oldObject=DEPLOYMENT))

    assert found.workload is None
    assert found.old is not None
    assert not found.images_unchanged


def test_the_namespace_may_be_the_requests() -> None:
    """An object that leaves its namespace to the request's path belongs to that one."""
    found = decode(review(object={**DEPLOYMENT, "metadata": {"generateName": "web-"}}))

    assert str(found.workload) == "deployment team-a/web-*****"


def test_the_kind_may_be_the_requests() -> None:
    """So does an object without a kind."""
    bare = {key: value for key, value in DEPLOYMENT.items() if key not in {"apiVersion", "kind"}}

    assert decode(review(object=bare)).workload == decode(review()).workload
    core = {"group": "", "version": "v1", "kind": "Pod"}
    found = decode(review(kind=core, object={"spec": POD_SPEC}, oldObject={"spec": POD_SPEC}))
    assert (found.workload, found.old_object["apiVersion"]) == (found.old, "v1")
    assert found.old_object["metadata"] == {"namespace": "team-a"}


def test_other_kinds() -> None:
    """What has no pod template is no workload, unless settings say where it keeps one."""
    rollout = {**DEPLOYMENT, "kind": "Rollout"}

    assert decode(review(object=rollout)).workload is None
    paths = {("apps", "Rollout"): ("spec", "template")}
    assert decode(review(object=rollout), paths).workload is not None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "the body is not an AdmissionReview: it is not a JSON object"),
        ([], "the body is not an AdmissionReview: it is not a JSON object"),
        ({}, "the body is not an AdmissionReview: request.uid is missing"),
        ({"request": []}, "the body is not an AdmissionReview: request.uid is missing"),
        ({"request": {"uid": 5}}, "the body is not an AdmissionReview: request.uid is missing"),
    ],
)
def test_no_review(body: object, message: str) -> None:
    """What could not be answered, since it names no request, is refused."""
    for read in (decode, uid_of):
        with pytest.raises(InvalidReviewError) as caught:
            read(body)
        assert str(caught.value) == message


KEYS = ("request", "uid", "object", "oldObject", "kind", "metadata", "namespace", "spec")


@given(json_of(*KEYS))
def test_only_one_kind_of_error(body: object) -> None:
    """Whatever the body is, it is a request or an InvalidReviewError."""
    with suppress(InvalidReviewError):
        decode(body)
    with suppress(InvalidReviewError):
        assert decode({"request": {"uid": "u", "object": body, "oldObject": body}}).uid == "u"


def policy(
    name: str, mode: Mode, on_unknown: OnUnknown = OnUnknown.ALLOW, message: str = ""
) -> Policy:
    """Make a policy of a mode."""
    return Policy(name=name, mode=mode, on_unknown=on_unknown, message=message)


def verdict(*findings: Finding, policies: tuple[Policy, ...]) -> Verdict:
    """Make a verdict of findings."""
    return Verdict(subject=subject({}), policies=policies, findings=findings)


def expected_of(mode: Mode, outcome: Outcome, on_unknown: OnUnknown) -> tuple[bool, int]:
    """Say whether a request passes, and with how many warnings, by mode and onUnknown."""
    denies = outcome is DENY or (outcome is UNKNOWN and on_unknown is OnUnknown.DENY)
    if mode is Mode.AUDIT:
        return True, 0
    if mode is Mode.ENFORCE and denies:
        return False, 0
    return True, 1


@pytest.mark.parametrize(
    ("mode", "outcome", "on_unknown"),
    list(product(Mode, [WARN, UNKNOWN, DENY], OnUnknown)),
    ids=lambda value: getattr(value, "name", ""),
)
def test_modes(mode: Mode, outcome: Outcome, on_unknown: OnUnknown) -> None:
    """The mode is the most that a finding can do; what is unknown is for onUnknown to say."""
    judged = verdict(finding("layers", outcome), policies=(policy("default", mode, on_unknown),))
    found = decide(judged)

    assert (found.allowed, len(found.warnings)) == expected_of(mode, outcome, on_unknown)
    assert bool(found.message) is not found.allowed
    assert found.audit is not None
    assert found.audit["verdict"] == outcome.label


LINES = Limits(unpacked_size=Limit(warn=900 * MIB, deny=1200 * MIB))
SURE, OPEN = "unpacks to at least", "could not be judged"


@pytest.mark.parametrize(
    ("known", "on_unknown", "denied", "warned"),
    [
        (800, OnUnknown.ALLOW, [], [OPEN]),
        (800, OnUnknown.DENY, [OPEN], []),
        (1000, OnUnknown.ALLOW, [], [SURE, OPEN]),
        (1000, OnUnknown.DENY, [OPEN], [SURE]),
        (1300, OnUnknown.ALLOW, [SURE], []),
        (1300, OnUnknown.DENY, [SURE], []),
    ],
)
def test_what_is_certain_is_not_unknown(
    known: int, on_unknown: OnUnknown, denied: list[str], warned: list[str]
) -> None:
    """A known part above a limit is a violation; onUnknown decides only what more may change."""
    limited = Policy(name="p", mode=Mode.ENFORCE, on_unknown=on_unknown, limits=LINES)
    both = image(layer(1, 5, known * MIB), layer(2, 5, Size.unknown("it tells no length")))
    found = decide(evaluate(one(both), [limited], [], datetime(2026, 1, 1, tzinfo=UTC)))

    assert found.allowed is not bool(denied)
    assert [words for words in (SURE, OPEN) if words in found.message] == denied
    assert [words for words in (SURE, OPEN) if words in str(found.warnings)] == warned


def test_each_policy_has_its_own_mode() -> None:
    """One policy denies, another warns, a third only records, of the same image."""
    policies = (
        policy("b", Mode.ENFORCE, message="ask the b team"),
        policy("a", Mode.ENFORCE, message="ask the a team"),
        policy("c", Mode.WARN, message="ask the c team"),
        policy("d", Mode.AUDIT, message="never said"),
    )
    findings = [finding("layers", DENY, policy=name) for name in "bacd"]
    found = decide(verdict(*findings, policies=policies))

    assert not found.allowed
    assert "[policy b, layers; policy a, layers]" in found.message
    assert found.message.endswith("ask the a team ask the b team")
    assert "policy c" not in found.message
    assert "[policy c, layers]" in found.warnings[0]
    assert found.warnings[1:] == ("slimgate: ask the c team",)
    assert found.effects == {
        "b": Effect.DENIED,
        "a": Effect.DENIED,
        "c": Effect.WARNED,
        "d": Effect.NOTED,
    }


@pytest.mark.parametrize("order", [1, -1], ids=["denied first", "denied last"])
def test_the_worst_effect_counts(order: int) -> None:
    """A policy that denies and warns has denied, whichever it found first."""
    findings = (finding("layers", DENY), finding("growth", WARN))[::order]
    found = decide(verdict(*findings, policies=(policy("default", Mode.ENFORCE),)))

    assert found.effects == {"default": Effect.DENIED}


def test_a_denial_still_warns() -> None:
    """What is not denied is warned of beside the denial."""
    findings = (finding("layers", DENY), finding("growth", WARN))
    found = decide(verdict(*findings, policies=(policy("default", Mode.ENFORCE),)))

    assert "growth" not in found.message
    assert "[policy default, growth]" in found.warnings[0]


@pytest.mark.parametrize(
    ("running", "allowed"),
    [(WEB, True), (replace(WEB, name="renamed"), True), (replace(WEB, reference="b:1"), False)],
    ids=["runs already", "runs under another name", "ran something else"],
)
def test_what_runs_is_warned_of(running: ImageUse, *, allowed: bool) -> None:
    """An update is not refused for an image that it leaves as it is, but hears of it."""
    old = Workload(
        group="apps", kind="Deployment", namespace="team-a", name="web", images=(running,)
    )
    judged = verdict(finding("layers", DENY), policies=(policy("default", Mode.ENFORCE),))
    found = decide(judged, old)

    assert (found.allowed, len(found.warnings)) == (allowed, int(allowed))
    assert found.effects == {"default": Effect.WARNED if allowed else Effect.DENIED}


@pytest.mark.parametrize(
    ("found", "allowed"),
    [
        (finding("workloadPullSize", DENY, at=None), False),
        (replace(finding("workloadPullSize", DENY, at=None), no_more=True), True),
    ],
    ids=["more", "no more"],
)
def test_what_comes_to_no_more_is_warned_of(found: Finding, *, allowed: bool) -> None:
    """An update is not refused for all images together either, if they come to no more."""
    old = Workload(group="apps", kind="Deployment", namespace="a", name="w", images=(WEB, WEB))
    judged = replace(
        verdict(found, policies=(policy("default", Mode.ENFORCE),)), subject=one(image(1))
    )
    decision = decide(judged, old)

    assert (decision.allowed, len(decision.warnings)) == (allowed, int(allowed))


@pytest.mark.parametrize(
    ("former", "allowed"),
    [((WEB,), True), ((WEB, OTHER), True), ((OTHER,), False)],
    ids=["the same", "more", "others"],
)
@pytest.mark.parametrize("at", [WEB, None], ids=["one image", "all images"])
def test_going_back(former: tuple[ImageUse, ...], at: ImageUse | None, *, allowed: bool) -> None:
    """Nobody is kept from what ran before; a warning says so, before those of what is wrong."""
    fault = finding("workloadPullSize" if at is None else "layers", DENY, at=at)
    judged = replace(
        verdict(fault, policies=(policy("default", Mode.ENFORCE),)), subject=one(image(1))
    )
    old = replace(judged.subject.workload, images=(OTHER,))
    found = bring_back(judged, old, [replace(old, images=former)])

    assert (found.allowed, len(found.warnings)) == (allowed, 2 * allowed)
    assert (rollback(DOCS) in found.warnings[:1]) is allowed
    assert found.effects == {"default": Effect.WARNED if allowed else Effect.DENIED}


@pytest.mark.parametrize(
    ("last", "allowed"), [(WEB, True), (replace(WEB, reference="b:1"), False)], ids=["runs", "new"]
)
def test_images_that_nobody_judges(last: ImageUse, *, allowed: bool) -> None:
    """An update may leave them be, but bring none: else three updates could bring any image."""
    many = (*(replace(WEB, name=f"c{number}") for number in range(MAX_IMAGES)), last)
    given = subject({})
    given = replace(given, workload=replace(given.workload, images=many))
    old = replace(given.workload, images=(WEB,) * len(many))
    strict = replace(policy("default", Mode.ENFORCE), on_unknown=OnUnknown.DENY)

    judged = evaluate(given, [strict], [], datetime(2026, 11, 20, tzinfo=UTC))

    assert [one.check for one in judged.findings] == ["inspection"]
    assert decide(judged, old).allowed is allowed


def test_without_policies() -> None:
    """Where no policy speaks of the workload there is nothing to record."""
    assert decide(verdict(policies=())) == ALLOWED


def test_within_policy() -> None:
    """A workload within policy is allowed in silence, and recorded."""
    limited = Policy(name="p", limits=Limits(pull_size=Limit(deny=100)), mode=Mode.ENFORCE)
    found = decide(evaluate(one(image(1)), [limited], [], datetime(2026, 1, 1, tzinfo=UTC)))

    assert found == Decision(
        allowed=True, audit={"verdict": "allow", "summary": "1 image within policy"}
    )


def test_encode() -> None:
    """An answer names the request that it answers, and says no more than it must."""
    allowed = encode("u-1", ALLOWED)
    denied = encode(
        "u-2", Decision(allowed=False, message="no.", warnings=("w",), audit={"verdict": "deny"})
    )

    assert allowed == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": "u-1", "allowed": True},
    }
    assert denied["response"] == {
        "uid": "u-2",
        "allowed": False,
        "status": {"code": 403, "reason": "Forbidden", "message": "slimgate: no."},
        "warnings": ["w"],
        "auditAnnotations": {"verdict": "deny"},
    }
