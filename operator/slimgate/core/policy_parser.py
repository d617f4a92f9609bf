"""Reads a SlimPolicy resource.

The CRD's schema refuses most mistakes at the API server; this refuses them all, with the field's
path, for files that never met one (`slimgate check --policy`).
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final, TypeVar

from slimgate.core.errors import InvalidPolicyError, InvalidQuantityError, InvalidReferenceError
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
_BASES: Final = frozenset({"allow", "deny", "tier", "accept", "known"})
_MAX_COUNT: Final = 1_000_000
_E = TypeVar("_E", bound=Enum)


def parse_policy(resource: JsonObject) -> Policy:
    """Read a SlimPolicy; InvalidPolicyError names the first field at fault."""
    metadata = mapping_at(resource, "metadata")
    name = text_at(metadata, "name")
    if not name:
        raise InvalidPolicyError("metadata.name", "is required.")
    spec = _object(resource.get("spec"), "spec")
    _no_other(spec, _SPEC, "spec")
    limits = _limits(_object(spec.get("limits", {}), "spec.limits"))
    bases = _bases(_object(spec["bases"], "spec.bases")) if "bases" in spec else None
    if limits == Limits() and bases is None:
        raise InvalidPolicyError("spec", "set at least one of limits and bases.")
    generation = metadata.get("generation")
    return Policy(
        name=name,
        generation=generation if isinstance(generation, int) else 0,
        match=_match(_object(spec.get("match", {}), "spec.match")),
        mode=_word(spec.get("mode", Mode.AUDIT.value), Mode, "spec.mode"),
        on_unknown=_word(spec.get("onUnknown", OnUnknown.ALLOW.value), OnUnknown, "spec.onUnknown"),
        limits=limits,
        bases=bases,
        message=printable(_text(spec.get("message", ""), "spec.message"), 1024),
    )


def _match(raw: JsonObject) -> Match:
    path = "spec.match"
    _no_other(raw, _MATCH, path)
    namespaces = _object(raw.get("namespaces", {}), f"{path}.namespaces")
    _no_other(namespaces, frozenset({"include", "exclude"}), f"{path}.namespaces")
    return Match(
        include=_texts(namespaces.get("include"), f"{path}.namespaces.include"),
        exclude=_texts(namespaces.get("exclude"), f"{path}.namespaces.exclude"),
        namespace_selector=_selector(raw, "namespaceSelector"),
        workload_selector=_selector(raw, "workloadSelector"),
        kinds=frozenset(_texts(raw.get("kinds"), f"{path}.kinds")),
        images=_texts(raw.get("images"), f"{path}.images"),
    )


def _selector(raw: JsonObject, key: str) -> Selector | None:
    if key not in raw:
        return None
    path = f"spec.match.{key}"
    return parse_selector(_object(raw[key], path), path)


def _limits(raw: JsonObject) -> Limits:
    readers: Mapping[str, Callable[[object, str], int]] = {
        "pullSize": _bytes,
        "unpackedSize": _bytes,
        "layers": _count,
        "layerSize": _bytes,
        "workloadPullSize": _bytes,
        "growth": _percent,
    }
    _no_other(raw, frozenset(readers), "spec.limits")

    def limit(key: str) -> Limit | None:
        return _limit(raw[key], readers[key], f"spec.limits.{key}") if key in raw else None

    return Limits(
        pull_size=limit("pullSize"),
        unpacked_size=limit("unpackedSize"),
        layers=limit("layers"),
        layer_size=limit("layerSize"),
        workload_pull_size=limit("workloadPullSize"),
        growth=limit("growth"),
    )


def _limit(raw: object, read: Callable[[object, str], int], path: str) -> Limit:
    if not isinstance(raw, Mapping):
        return Limit(deny=read(raw, path))
    warn, deny = _soft_and_hard(raw, path)
    limit = Limit(
        warn=None if warn is None else read(warn, f"{path}.warn"),
        deny=None if deny is None else read(deny, f"{path}.deny"),
    )
    if limit.warn is not None and limit.deny is not None and limit.warn > limit.deny:
        raise InvalidPolicyError(f"{path}.warn", "must not be above deny.")
    return limit


def _soft_and_hard(raw: JsonObject, path: str) -> tuple[object, object]:
    _no_other(raw, frozenset({"warn", "deny"}), path)
    if not raw:
        raise InvalidPolicyError(path, "set warn, deny or both.")
    return raw.get("warn"), raw.get("deny")


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
    try:
        return parse_percent(_text(raw, path))
    except InvalidQuantityError as err:
        raise InvalidPolicyError(path, str(err)) from err


def _bases(raw: JsonObject) -> Bases:
    path = "spec.bases"
    _no_other(raw, _BASES, path)
    allow, deny = _texts(raw.get("allow"), f"{path}.allow"), _texts(raw.get("deny"), f"{path}.deny")
    if allow and deny:
        raise InvalidPolicyError(path, "set allow or deny, not both.")
    accept = _text(raw.get("accept", "Proven"), f"{path}.accept")
    if accept not in {"Proven", "Claimed", "Inferred"}:
        raise InvalidPolicyError(f"{path}.accept", "must be Proven, Claimed or Inferred.")
    known = raw.get("known", [])
    if not isinstance(known, list):
        raise InvalidPolicyError(f"{path}.known", "must be a list.")
    return Bases(
        allow=allow,
        deny=deny,
        tier=_tier_limit(raw["tier"]) if "tier" in raw else None,
        accept=Evidence(accept.lower()),
        known=tuple(_known(entry, f"{path}.known[{i}]") for i, entry in enumerate(known)),
    )


def _tier_limit(raw: object) -> TierLimit:
    path = "spec.bases.tier"
    if not isinstance(raw, Mapping):
        return TierLimit(deny=_tier(raw, path))
    warn, deny = _soft_and_hard(raw, path)
    limit = TierLimit(
        warn=None if warn is None else _tier(warn, f"{path}.warn"),
        deny=None if deny is None else _tier(deny, f"{path}.deny"),
    )
    if limit.warn is not None and limit.deny is not None and limit.warn > limit.deny:
        raise InvalidPolicyError(f"{path}.warn", "must not be a fatter tier than deny.")
    return limit


def _tier(raw: object, path: str) -> Tier:
    try:
        return Tier.of(_text(raw, path))
    except KeyError as err:
        labels = ", ".join(tier.label for tier in Tier)
        raise InvalidPolicyError(path, f"must be one of {labels}.") from err


def _known(raw: object, path: str) -> NamedBase:
    entry = _object(raw, path)
    _no_other(entry, frozenset({"reference", "tier", "name"}), path)
    try:
        reference = Reference.parse(_text(entry.get("reference", ""), f"{path}.reference"))
    except InvalidReferenceError as err:
        raise InvalidPolicyError(f"{path}.reference", str(err)) from err
    return NamedBase(
        reference=reference,
        tier=_tier(entry["tier"], f"{path}.tier") if "tier" in entry else None,
        name=_text(entry["name"], f"{path}.name") if "name" in entry else None,
    )


def _word(raw: object, words: type[_E], path: str) -> _E:
    for word in words:
        if word.value == raw:
            return word
    raise InvalidPolicyError(path, f"must be one of {', '.join(w.value for w in words)}.")


def _object(raw: object, path: str) -> JsonObject:
    if not isinstance(raw, Mapping):
        raise InvalidPolicyError(path, "must be an object.")
    return raw


def _text(raw: object, path: str) -> str:
    if not isinstance(raw, str):
        raise InvalidPolicyError(path, "must be text.")
    return raw


def _texts(raw: object, path: str) -> tuple[str, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list) or not all(isinstance(entry, str) for entry in raw):
        raise InvalidPolicyError(path, "must be a list of texts.")
    return tuple(raw)


def _no_other(raw: JsonObject, known: frozenset[str], path: str) -> None:
    for key in raw:
        if key not in known:
            fields = ", ".join(sorted(known))
            raise InvalidPolicyError(
                f"{path}.{printable(key, 64)}", f"is no field of it; the fields are {fields}."
            )
