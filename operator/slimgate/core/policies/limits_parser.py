"""Reads what is limited: sizes, counts, percentages, tiers and durations."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Final, TypeVar

from slimgate.core.duration import parse_duration
from slimgate.core.errors import InvalidPolicyError, InvalidQuantityError
from slimgate.core.fields import object_of, one_of
from slimgate.core.images.facts import SizeEvidence
from slimgate.core.images.tier import Tier
from slimgate.core.policies.policy import Limit, Limits, TierLimit
from slimgate.core.quantity import as_integer, exact_quantity, meant, parse_percent
from slimgate.core.text import printable

_T = TypeVar("_T", Fraction, Tier)
NumberReader = Callable[[object, str], Fraction]

_UNPACKED: Final = "unpackedSize"
_EVIDENCE: Final = {one.value: one for one in (SizeEvidence.ESTIMATED, SizeEvidence.MEASURED)}
TIERS: Final = {tier.label: tier for tier in Tier}
_SIZE: Final = re.compile(
    r"[0-9]{1,18}(\.[0-9]{1,3})?([kMGTPE]|[KMGTPE]i|[eE][0-9]{1,2})?", re.ASCII
)
"""A part of what Kubernetes takes for a quantity: neither signs nor milli-bytes."""
_DURATION: Final = re.compile(r"([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?")
_MAX_COUNT: Final = 1_000_000
_LARGEST: Final = 2**63 - 1


def limits_of(raw: object, path: str) -> Limits:
    """Read spec.limits of a policy."""
    limits = object_of(raw, path, READERS)
    if not limits:
        raise InvalidPolicyError(path, "set at least one limit, as in pullSize: {deny: 300Mi}.")

    def limit(key: str) -> Limit | None:
        if key not in limits:
            return None
        at, more = f"{path}.{key}", ("evidence",) if key == _UNPACKED else ()
        warn, deny = _lines(limits[key], READERS[key], at, more)
        return Limit(
            warn=None if warn is None else _whole(warn),
            deny=None if deny is None else _whole(deny),
            evidence=_evidence(limits[key], f"{at}.evidence"),
        )

    return Limits(
        pull_size=limit("pullSize"),
        unpacked_size=limit(_UNPACKED),
        layers=limit("layers"),
        layer_size=limit("layerSize"),
        workload_pull_size=limit("workloadPullSize"),
        growth=limit("growth"),
    )


def bytes_of(raw: object, path: str) -> int:
    """Read a quantity of bytes."""
    return _whole(_size(raw, path))


def caps_of(raw: object, path: str) -> Mapping[str, int]:
    """Read spec.upTo of an exception: for each check the largest value that is excused."""
    caps = object_of(raw, path, READERS)
    return {check: _whole(READERS[check](cap, f"{path}.{check}")) for check, cap in caps.items()}


def tier_limit_of(raw: object, path: str) -> TierLimit:
    """Read spec.bases.maxTier of a policy."""
    warn, deny = _lines(raw, tier_of, path)
    return TierLimit(warn=warn, deny=deny)


def tier_of(raw: object, path: str) -> Tier:
    """Read a tier."""
    return one_of(raw, TIERS, path)


def duration_of(raw: object, path: str) -> timedelta:
    """Read a duration as Go writes it, in hours, minutes and seconds."""
    if isinstance(raw, str) and raw and _DURATION.fullmatch(raw):
        found = timedelta(seconds=parse_duration(raw))
        if found:
            return found
    raise InvalidPolicyError(path, "must be a duration above zero, as in 2160h or 1h30m.")


def _evidence(raw: object, path: str) -> SizeEvidence:
    given = raw.get("evidence", "Estimated") if isinstance(raw, dict) else "Estimated"
    return one_of(given, _EVIDENCE, path)


def _lines(
    raw: object, read: Callable[[object, str], _T], path: str, more: tuple[str, ...] = ()
) -> tuple[_T | None, _T | None]:
    if isinstance(raw, str | int | float) and not isinstance(raw, bool):
        example = printable(str(raw)[:64], 64)
        raise InvalidPolicyError(path, f"must be an object: write {{deny: {example}}}.")
    lines = object_of(raw, path, ("warn", "deny", *more))
    if not lines.keys() - {*more}:
        raise InvalidPolicyError(path, "set warn, deny or both.")
    warn = read(lines["warn"], f"{path}.warn") if "warn" in lines else None
    deny = read(lines["deny"], f"{path}.deny") if "deny" in lines else None
    if warn is not None and deny is not None and warn > deny:
        raise InvalidPolicyError(f"{path}.warn", "must not be above deny.")
    return warn, deny


def _whole(value: Fraction) -> int:
    return min(math.ceil(value), _LARGEST)


def _size(raw: object, path: str) -> Fraction:
    raw = as_integer(raw)
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise InvalidPolicyError(path, "must be a quantity, as in 300Mi or 2G.")
    if isinstance(raw, str) and not _SIZE.fullmatch(raw):
        raise InvalidPolicyError(
            path,
            f"{printable(raw, 64)!r} is not a quantity: write it as in 300Mi or 2G.{meant(raw)}",
        )
    if isinstance(raw, int) and raw > _LARGEST:
        raise InvalidPolicyError(path, "must be less than 8Ei.")
    try:
        return exact_quantity(raw)
    except InvalidQuantityError as err:
        raise InvalidPolicyError(path, "must be above zero.") from err


def _count(raw: object, path: str) -> Fraction:
    raw = as_integer(raw)
    if not isinstance(raw, int) or isinstance(raw, bool) or not 0 < raw <= _MAX_COUNT:
        raise InvalidPolicyError(path, f"must be a whole number from 1 to {_MAX_COUNT}.")
    return Fraction(raw)


def _percent(raw: object, path: str) -> Fraction:
    if not isinstance(raw, str):
        raise InvalidPolicyError(path, "must be a percentage, as in 25%.")
    try:
        return Fraction(parse_percent(raw))
    except InvalidQuantityError as err:
        raise InvalidPolicyError(path, str(err)) from err


READERS: Final[Mapping[str, NumberReader]] = {
    "pullSize": _size,
    "unpackedSize": _size,
    "layers": _count,
    "layerSize": _size,
    "workloadPullSize": _size,
    "growth": _percent,
}
"""How each limit is read, by its name, which is also that of its check."""
