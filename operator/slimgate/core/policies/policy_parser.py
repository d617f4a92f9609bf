"""Reads a SlimPolicy resource.

The CustomResourceDefinition refuses the same mistakes at the API server; this is for files that
never met one (`slimgate check --policy`), and names the field's path.
"""

from typing import Final

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.fields import (
    ANY,
    IMAGE_GLOB,
    NAMESPACE_GLOB,
    Shape,
    flag_of,
    group_kind_of,
    list_of,
    object_of,
    one_of,
    text_of,
    texts_of,
)
from slimgate.core.images.tier import Evidence
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.matching.selector import Selector, parse_selector
from slimgate.core.policies.limits_parser import bytes_of, duration_of, limits_of, tier_limit_of
from slimgate.core.policies.policy import (
    BaseRules,
    Chosen,
    ExceptionRules,
    Limits,
    Match,
    MinEvidence,
    Mode,
    OnFalseClaim,
    OnUnknown,
    Policy,
)
from slimgate.core.text import printable
from slimgate.core.workloads.kinds import GroupKind

GROUP: Final = "slimgate.dev"
VERSION: Final = "v1alpha1"

_SPEC: Final = ("match", "mode", "onUnknown", "limits", "bases", "budget", "exceptions", "message")
_MATCH: Final = ("namespaces", "namespaceSelector", "objectSelector", "resources", "images")
_CHOSEN: Final = ("include", "exclude")
_BASES: Final = ("maxTier", "allow", "deny", "minEvidence", "onFalseClaim")
_MODES: Final = {mode.value: mode for mode in Mode}
_ON_UNKNOWN: Final = {choice.value: choice for choice in OnUnknown}
_ON_FALSE_CLAIM: Final = {choice.value: choice for choice in OnFalseClaim}
_EVIDENCE: Final = {evidence.value: evidence for evidence in Evidence}
# A tier is never claimed: `Claimed` would say nothing that `Proven` does not.
_OF_TIERS: Final = {one.value: one for one in (Evidence.PROVEN, Evidence.INFERRED)}
_EVIDENCE_OF: Final = {"allow": _EVIDENCE, "deny": _EVIDENCE, "tier": _OF_TIERS}
_MAX_MESSAGE: Final = 256
_MAX_RESOURCES: Final = 32


def parse_policy(resource: JsonObject) -> Policy:
    """Read a SlimPolicy; InvalidPolicyError names the first field at fault."""
    metadata = mapping_at(resource, "metadata")
    name = text_at(metadata, "name")
    if not name:
        raise InvalidPolicyError("metadata.name", "is required.")
    spec = object_of(resource.get("spec"), "spec", _SPEC)
    limits = limits_of(spec["limits"], "spec.limits") if "limits" in spec else None
    bases = _bases(spec["bases"]) if "bases" in spec else None
    budget = _budget(spec["budget"]) if "budget" in spec else None
    if limits is None and bases is None and budget is None:
        raise InvalidPolicyError("spec", "set at least one of limits, bases and budget.")
    generation = metadata.get("generation")
    return Policy(
        name=name,
        generation=generation if isinstance(generation, int) else 0,
        match=_match(spec.get("match", {})),
        mode=one_of(spec.get("mode", "Audit"), _MODES, "spec.mode"),
        on_unknown=one_of(spec.get("onUnknown", "Allow"), _ON_UNKNOWN, "spec.onUnknown"),
        limits=limits or Limits(),
        bases=bases,
        budget=budget,
        exceptions=_exceptions(spec.get("exceptions", {})),
        message=_message(spec.get("message", "")),
    )


def _match(raw: object) -> Match:
    path = "spec.match"
    match = object_of(raw, path, _MATCH)
    resources = list_of(match.get("resources"), f"{path}.resources", least=1, most=_MAX_RESOURCES)
    return Match(
        namespaces=_chosen(match, "namespaces", NAMESPACE_GLOB),
        namespace_selector=_selector(match, "namespaceSelector"),
        object_selector=_selector(match, "objectSelector"),
        resources=_resources(resources, f"{path}.resources"),
        images=_chosen(match, "images", IMAGE_GLOB),
    )


def _chosen(match: JsonObject, key: str, shape: Shape) -> Chosen:
    path = f"spec.match.{key}"
    chosen = object_of(match.get(key, {}), path, _CHOSEN)
    return Chosen(
        include=texts_of(chosen.get("include"), f"{path}.include", shape, least=1),
        exclude=texts_of(chosen.get("exclude"), f"{path}.exclude", shape),
    )


def _selector(match: JsonObject, key: str) -> Selector | None:
    return parse_selector(match[key], f"spec.match.{key}") if key in match else None


def _resources(raw: list[object], path: str) -> frozenset[GroupKind]:
    found: set[GroupKind] = set()
    for i, entry in enumerate(raw):
        at = f"{path}[{i}]"
        resource = group_kind_of(object_of(entry, at, ("apiGroup", "kind")), at)
        if resource in found:
            raise InvalidPolicyError(at, "is listed twice.")
        found.add(resource)
    return frozenset(found)


def _bases(raw: object) -> BaseRules:
    path = "spec.bases"
    bases = object_of(raw, path, _BASES)
    on_false_claim = one_of(
        bases.get("onFalseClaim", "Warn"), _ON_FALSE_CLAIM, f"{path}.onFalseClaim"
    )
    allow = texts_of(bases.get("allow"), f"{path}.allow", IMAGE_GLOB, least=1)
    deny = texts_of(bases.get("deny"), f"{path}.deny", IMAGE_GLOB, least=1)
    if not (allow or deny or "maxTier" in bases or on_false_claim is OnFalseClaim.DENY):
        raise InvalidPolicyError(path, "set maxTier, allow, deny, or onFalseClaim: Deny.")
    if allow and deny:
        raise InvalidPolicyError(path, "set allow or deny, not both.")
    return BaseRules(
        allow=allow,
        deny=deny,
        max_tier=tier_limit_of(bases["maxTier"], f"{path}.maxTier") if "maxTier" in bases else None,
        min_evidence=_min_evidence(bases.get("minEvidence", {})),
        on_false_claim=on_false_claim,
    )


def _budget(raw: object) -> int:
    budget = object_of(raw, "spec.budget", ("unpackedSize",))
    if "unpackedSize" not in budget:
        raise InvalidPolicyError("spec.budget", "set unpackedSize, as in unpackedSize: 20Gi.")
    return bytes_of(budget["unpackedSize"], "spec.budget.unpackedSize")


def _min_evidence(raw: object) -> MinEvidence:
    path = "spec.bases.minEvidence"
    given = object_of(raw, path, _EVIDENCE_OF)
    return MinEvidence(
        **{rule: one_of(given[rule], _EVIDENCE_OF[rule], f"{path}.{rule}") for rule in given}
    )


def _exceptions(raw: object) -> ExceptionRules:
    path = "spec.exceptions"
    rules = object_of(raw, path, ("allowed", "maxDuration"))
    longest = rules.get("maxDuration")
    return ExceptionRules(
        allowed=flag_of(rules.get("allowed", True), f"{path}.allowed"),
        max_duration=None if longest is None else duration_of(longest, f"{path}.maxDuration"),
    )


def _message(raw: object) -> str:
    # A YAML block ends with a line break that nobody means.
    return printable(text_of(raw, "spec.message", ANY.up_to(_MAX_MESSAGE)).strip(), _MAX_MESSAGE)
