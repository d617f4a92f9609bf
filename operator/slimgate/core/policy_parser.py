"""Reads a SlimPolicy resource.

The CRD's schema refuses most mistakes at the API server; this refuses them all, with the field's
path, for files that never met one (`slimgate check --policy`).
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from slimgate.core.errors import InvalidPolicyError, InvalidQuantityError, InvalidReferenceError
from slimgate.core.fields import list_of, object_of, text_of, texts_of
from slimgate.core.policy import (
    Bases,
    Limit,
    Limits,
    Match,
    Mode,
    NamedBase,
    OnUnknown,
    Policy,
    TierLimit,
)
from slimgate.core.quantity import parse_percent, parse_quantity
from slimgate.core.reference import Reference
from slimgate.core.selector import Selector, parse_selector
from slimgate.core.text import printable
from slimgate.core.tier import Evidence, Tier
from slimgate.core.workload import JsonObject, mapping_at, text_at

GROUP: Final = "slimgate.dev"
VERSION: Final = "v1alpha1"

_SPEC: Final = frozenset({"match", "mode", "onUnknown", "limits", "bases", "message"})
_MATCH: Final = frozenset(
    {"namespaces", "namespaceSelector", "workloadSelector", "kinds", "images"}
)
_NAMESPACES: Final = frozenset({"include", "exclude"})
_BASES: Final = frozenset({"allow", "deny", "tier", "accept", "known"})
_KNOWN: Final = frozenset({"reference", "tier", "name"})
_MODES: Final = {mode.value: mode for mode in Mode}
_ON_UNKNOWN: Final = {choice.value: choice for choice in OnUnknown}
_EVIDENCE: Final = {evidence.value.capitalize(): evidence for evidence in Evidence}
_TIERS: Final = {tier.label: tier for tier in Tier}
_MAX_COUNT: Final = 1_000_000
_T = TypeVar("_T")


def parse_policy(resource: JsonObject) -> Policy:
    """Read a SlimPolicy; InvalidPolicyError names the first field at fault."""
    metadata = mapping_at(resource, "metadata")
    name = text_at(metadata, "name")
    if not name:
        raise InvalidPolicyError("metadata.name", "is required.")
    spec = object_of(resource.get("spec"), "spec", _SPEC)
    limits = _limits(spec["limits"]) if "limits" in spec else None
    bases = _bases(spec["bases"]) if "bases" in spec else None
    if limits is None and bases is None:
        raise InvalidPolicyError("spec", "set at least one of limits and bases.")
    generation = metadata.get("generation")
    return Policy(
        name=name,
        generation=generation if isinstance(generation, int) else 0,
        match=_match(spec.get("match", {})),
        mode=_one_of(spec.get("mode", "Audit"), _MODES, "spec.mode"),
        on_unknown=_one_of(spec.get("onUnknown", "Allow"), _ON_UNKNOWN, "spec.onUnknown"),
        limits=limits or Limits(),
        bases=bases,
        message=printable(text_of(spec.get("message", ""), "spec.message"), 1024),
    )


def _match(raw: object) -> Match:
    path = "spec.match"
    match = object_of(raw, path, _MATCH)
    namespaces = object_of(match.get("namespaces", {}), f"{path}.namespaces", _NAMESPACES)
    return Match(
        include=texts_of(namespaces.get("include"), f"{path}.namespaces.include"),
        exclude=texts_of(namespaces.get("exclude"), f"{path}.namespaces.exclude"),
        namespace_selector=_selector(match, "namespaceSelector"),
        workload_selector=_selector(match, "workloadSelector"),
        kinds=frozenset(texts_of(match.get("kinds"), f"{path}.kinds")),
        images=texts_of(match.get("images"), f"{path}.images"),
    )


def _selector(match: JsonObject, key: str) -> Selector | None:
    return parse_selector(match[key], f"spec.match.{key}") if key in match else None


def _limits(raw: object) -> Limits:
    path = "spec.limits"
    readers: Mapping[str, Callable[[object, str], int]] = {
        "pullSize": _bytes,
        "unpackedSize": _bytes,
        "layers": _count,
        "layerSize": _bytes,
        "workloadPullSize": _bytes,
        "growth": _percent,
    }
    limits = object_of(raw, path, frozenset(readers))
    if not limits:
        raise InvalidPolicyError(path, "set at least one limit, as in pullSize: 300Mi.")

    def limit(key: str) -> Limit | None:
        return _limit(limits[key], readers[key], f"{path}.{key}") if key in limits else None

    return Limits(
        pull_size=limit("pullSize"),
        unpacked_size=limit("unpackedSize"),
        layers=limit("layers"),
        layer_size=limit("layerSize"),
        workload_pull_size=limit("workloadPullSize"),
        growth=limit("growth"),
    )


def _limit(raw: object, read: Callable[[object, str], int], path: str) -> Limit:
    warn, deny = _soft_and_hard(raw, read, path)
    if warn is not None and deny is not None and warn > deny:
        raise InvalidPolicyError(f"{path}.warn", "must not be above deny.")
    return Limit(warn=warn, deny=deny)


def _tier_limit(raw: object) -> TierLimit:
    path = "spec.bases.tier"
    warn, deny = _soft_and_hard(raw, _tier, path)
    if warn is not None and deny is not None and warn > deny:
        raise InvalidPolicyError(f"{path}.warn", "must not be a fatter tier than deny.")
    return TierLimit(warn=warn, deny=deny)


def _soft_and_hard(
    raw: object, read: Callable[[object, str], _T], path: str
) -> tuple[_T | None, _T | None]:
    """Read a scalar, which is the hard line, or `{warn: ..., deny: ...}`."""
    if not isinstance(raw, Mapping):
        return None, read(raw, path)
    lines = object_of(raw, path, frozenset({"warn", "deny"}))
    if not lines:
        raise InvalidPolicyError(path, "set warn, deny or both.")
    return (
        read(lines["warn"], f"{path}.warn") if "warn" in lines else None,
        read(lines["deny"], f"{path}.deny") if "deny" in lines else None,
    )


def _bytes(raw: object, path: str) -> int:
    if not isinstance(raw, str | int):
        raise InvalidPolicyError(path, "must be a quantity, as in 300Mi.")
    try:
        return parse_quantity(raw)
    except InvalidQuantityError as err:
        raise InvalidPolicyError(path, str(err)) from err


def _count(raw: object, path: str) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool) or not 0 < raw <= _MAX_COUNT:
        raise InvalidPolicyError(path, "must be a whole number above zero, as in 30.")
    return raw


def _percent(raw: object, path: str) -> int:
    if not isinstance(raw, str):
        raise InvalidPolicyError(path, "must be a percentage, as in 25%.")
    try:
        return parse_percent(raw)
    except InvalidQuantityError as err:
        raise InvalidPolicyError(path, str(err)) from err


def _bases(raw: object) -> Bases:
    path = "spec.bases"
    bases = object_of(raw, path, _BASES)
    if not bases:
        raise InvalidPolicyError(path, f"set at least one of {', '.join(sorted(_BASES))}.")
    allow = texts_of(bases.get("allow"), f"{path}.allow")
    deny = texts_of(bases.get("deny"), f"{path}.deny")
    if allow and deny:
        raise InvalidPolicyError(path, "set allow or deny, not both.")
    known = list_of(bases.get("known"), f"{path}.known")
    return Bases(
        allow=allow,
        deny=deny,
        tier=_tier_limit(bases["tier"]) if "tier" in bases else None,
        accept=_one_of(bases.get("accept", "Proven"), _EVIDENCE, f"{path}.accept"),
        known=tuple(_known(entry, f"{path}.known[{i}]") for i, entry in enumerate(known)),
    )


def _tier(raw: object, path: str) -> Tier:
    return _one_of(raw, _TIERS, path)


def _known(raw: object, path: str) -> NamedBase:
    base = object_of(raw, path, _KNOWN)
    try:
        reference = Reference.parse(text_of(base.get("reference", ""), f"{path}.reference"))
    except InvalidReferenceError as err:
        raise InvalidPolicyError(f"{path}.reference", str(err)) from err
    return NamedBase(
        reference=reference,
        tier=_tier(base["tier"], f"{path}.tier") if "tier" in base else None,
        name=text_of(base["name"], f"{path}.name") if "name" in base else None,
    )


def _one_of(raw: object, choices: Mapping[str, _T], path: str) -> _T:
    if isinstance(raw, str) and raw in choices:
        return choices[raw]
    raise InvalidPolicyError(path, f"must be one of {', '.join(choices)}.")
