"""AdmissionReview in, decision out: the modes are applied here, last.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, cast

import orjson

from slimgate.core.errors import SlimgateError
from slimgate.core.json_object import JsonDocument, JsonObject, mapping_at, text_at
from slimgate.core.policies.checks import inspection
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.policy import Mode, OnUnknown, Policy
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording import render
from slimgate.core.wording.ways import DOCS, rollback
from slimgate.core.workloads.kinds import TEMPLATE_PATHS, TemplatePaths
from slimgate.core.workloads.workload import ImageUse, Role, Workload, workload_of

_API_VERSION: Final = "admission.k8s.io/v1"
_AUDIT_LENGTH: Final = 1024
_NAMES: Final = ("name", "namespace", "uid")
_Use = tuple[Role, str]


class InvalidReviewError(SlimgateError):
    """The body is no AdmissionReview."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the API server asks; `old` is None for a CREATE, `workload` for a kind without pods.

    `old_object` is what names the object that `old` was read from, and what it selects.
    """

    uid: str
    operation: str
    namespace: str
    workload: Workload | None
    old: Workload | None = None
    old_object: JsonObject = field(default_factory=dict)
    user: str = ""

    @property
    def images_unchanged(self) -> bool:
        """An UPDATE that brings no image must never be stopped by a new limit.

        Neither an order of containers nor a container less is a new image; the role counts, since
        what was only mounted may now run.
        """
        return (
            self.old is not None
            and self.workload is not None
            and not self.workload.beyond
            and _uses(self.workload) <= _uses(self.old)
        )


class Effect(Enum):
    """What a policy's mode made of what it found; the value is how metrics call it."""

    DENIED = "denied"
    WARNED = "warned"
    NOTED = "noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the API server is told; `message` is set on a denial.

    `effects` names all policies that found anything; `unknown` are the check and the reason of all
    that could not be told.
    """

    allowed: bool
    message: str = ""
    warnings: tuple[str, ...] = ()
    audit: Mapping[str, str] | None = None
    effects: Mapping[str, Effect] = field(default_factory=dict)
    unknown: tuple[tuple[str, str], ...] = ()


ALLOWED: Final = Decision(allowed=True)


def uid_of(review: object) -> str:
    """Read what the answer must name; InvalidReviewError if this is no AdmissionReview."""
    return uid_in(request_of(review))


def uid_in(request: JsonObject) -> str:
    """Read the same from what the API server asks."""
    uid = text_at(request, "uid")
    if not uid:
        raise InvalidReviewError("the body is not an AdmissionReview: request.uid is missing")
    return uid


def request_of(review: object) -> JsonObject:
    """Return what the API server asks, empty if there is nothing."""
    if not isinstance(review, Mapping):
        raise InvalidReviewError("the body is not an AdmissionReview: it is not a JSON object")
    return mapping_at(cast("JsonObject", review), "request")


def decode(review: object, template_paths: TemplatePaths = TEMPLATE_PATHS) -> Request:
    """Read an AdmissionReview; InvalidReviewError if it is none."""
    request = request_of(review)
    uid = uid_in(request)
    namespace = text_at(request, "namespace")
    new_object = _whole(request, "object", namespace)
    old_object = _whole(request, "oldObject", namespace)
    return Request(
        uid=uid,
        operation=text_at(request, "operation"),
        namespace=namespace,
        workload=workload_of(new_object, template_paths) if new_object else None,
        old=workload_of(old_object, template_paths) if old_object else None,
        old_object=_named(old_object),
        user=text_at(mapping_at(request, "userInfo"), "username"),
    )


def decide(
    verdict: Verdict,
    old: Workload | None = None,
    ran: Sequence[Workload] = (),
    *,
    docs: str = DOCS,
) -> Decision:
    """Apply each policy's mode to its own findings.

    `old` is what an UPDATE replaces: an image that it already runs is warned of, not refused, and
    so are images that together come to no more, so that a tightened limit never keeps anybody from
    changing another container. `ran` are the templates that the workload had before: nobody is kept
    from going back to one (ADR 16). `docs` is the page that a denial leads to.
    """
    if not verdict.findings:
        return Decision(allowed=True, audit=_audit(verdict) if verdict.policies else None)
    policies = {policy.name: policy for policy in verdict.policies}
    weighed = weigh(verdict, old, ran)
    denied = [finding for finding, effect in weighed if effect is Effect.DENIED]
    warned = [finding for finding, effect in weighed if effect is Effect.WARNED]
    effects = {finding.policy: effect for finding, effect in sorted(weighed, key=_mildest_first)}
    message = render.denial(denied, _policies(denied, policies), docs) if denied else ""
    return Decision(
        allowed=not denied,
        message=message,
        warnings=tuple(render.warnings(warned, _policies(warned, policies))),
        audit=_audit(verdict),
        effects=effects,
        unknown=tuple(verdict.unknown()),
    )


def bring_back(
    verdict: Verdict, old: Workload, ran: Sequence[Workload], *, docs: str = DOCS
) -> Decision:
    """Decide again on what was denied, knowing what ran before, and say so where that admits it."""
    found = decide(verdict, old, ran, docs=docs)
    if not found.allowed:
        return found
    return replace(found, warnings=(rollback(docs), *found.warnings))


def weigh(
    verdict: Verdict, old: Workload | None = None, ran: Sequence[Workload] = ()
) -> list[tuple[Finding, Effect]]:
    """Say what each finding does, by its policy's mode, what an UPDATE replaces and what ran."""
    policies = {policy.name: policy for policy in verdict.policies}
    new = verdict.subject.workload
    running = frozenset[_Use]().union(*map(_uses, (*([old] if old else []), *ran)))
    is_former = not new.beyond and any(_uses(new) <= _uses(one) for one in ran)

    def runs(finding: Finding) -> bool:
        """Whether what is at fault runs already, or no less of it."""
        if finding.use is not None:
            return _use(finding.use) in running
        if is_former:
            return True
        if finding.check == inspection.NAME:
            # Nobody has looked at the images beyond those that are judged, or at any.
            undecided = finding.policy in verdict.subject.undecided
            unseen = new.images if undecided else new.unjudged
            return old is not None and not new.beyond and set(map(_use, unseen)) <= running
        return finding.no_more

    return [(one, _effect(one, policies[one.policy], runs=runs(one))) for one in verdict.findings]


def denies(finding: Finding, policy: Policy) -> bool:
    """Whether a finding of a policy stops the workload, by the policy's mode."""
    if policy.mode is not Mode.ENFORCE:
        return False
    if finding.outcome is Outcome.UNKNOWN:
        return policy.on_unknown is OnUnknown.DENY
    return finding.outcome is Outcome.DENY


def encode(uid: str, decision: Decision) -> JsonDocument:
    """Write the AdmissionReview that answers the request `uid`."""
    response: JsonDocument = {"uid": uid, "allowed": decision.allowed}
    if not decision.allowed:
        response["status"] = {
            "code": 403,
            "reason": "Forbidden",
            "message": f"slimgate: {decision.message}",
        }
    if decision.warnings:
        response["warnings"] = list(decision.warnings)
    if decision.audit:
        response["auditAnnotations"] = dict(decision.audit)
    return {"apiVersion": _API_VERSION, "kind": "AdmissionReview", "response": response}


def answer_of(uid: str, decision: Decision) -> bytes:
    """Write the same as the API server reads it."""
    answer = encode(uid, decision)
    try:
        return orjson.dumps(answer)
    except orjson.JSONEncodeError:
        return json.dumps(answer).encode()  # with halves of surrogates, which the API server takes


def _effect(finding: Finding, policy: Policy, *, runs: bool) -> Effect:
    if denies(finding, policy) and not runs:
        return Effect.DENIED
    return Effect.NOTED if policy.mode is Mode.AUDIT else Effect.WARNED


def _mildest_first(weighed: tuple[Finding, Effect]) -> bool:
    return weighed[1] is Effect.DENIED


def _policies(findings: list[Finding], policies: Mapping[str, Policy]) -> list[Policy]:
    return [policies[name] for name in sorted({finding.policy for finding in findings})]


def _uses(workload: Workload) -> frozenset[_Use]:
    return frozenset(map(_use, workload.images))


def _use(use: ImageUse) -> _Use:
    return use.role, use.reference


def _audit(verdict: Verdict) -> Mapping[str, str]:
    return {
        "verdict": verdict.outcome.label,
        "summary": render.summary(verdict)[:_AUDIT_LENGTH],
    }


def _named(manifest: JsonObject) -> JsonObject:
    """Leave out what may be large, since a request is kept until it is answered."""
    if not manifest:
        return {}
    metadata, spec = mapping_at(manifest, "metadata"), mapping_at(manifest, "spec")
    return {
        "apiVersion": text_at(manifest, "apiVersion"),
        "kind": text_at(manifest, "kind"),
        "metadata": {key: metadata[key] for key in _NAMES if key in metadata},
        "spec": {"selector": mapping_at(spec, "selector")},
    }


def _whole(request: JsonObject, key: str, namespace: str) -> JsonObject:
    """Return an object as if it had been sent by itself, empty if there is none."""
    manifest = mapping_at(request, key)
    if not manifest:
        return {}
    # A namespaced object may leave its namespace to the request's path.
    metadata = {"namespace": namespace, **mapping_at(manifest, "metadata")}
    kind = mapping_at(request, "kind")
    group, version = text_at(kind, "group"), text_at(kind, "version")
    asked = {
        "apiVersion": f"{group}/{version}" if group else version,
        "kind": text_at(kind, "kind"),
    }
    return {**asked, **manifest, "metadata": metadata}
