"""Conditions of a status, as Kubernetes has them; who writes them down adds their times.

https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from slimgate.core.text import printable

_SHOWN: Final = 5
_MAX_MESSAGE: Final = 1_024
_MAX_PART: Final = 200


class State(Enum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing that is so, is not, or is not known yet; `reason` is a word in CamelCase."""

    type: str
    state: State
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A whole status; of `fields`, which are JSON, those that are None are left out."""

    conditions: Sequence[Condition]
    fields: Mapping[str, object] = field(default_factory=dict)


def holds(kind: str, reason: str, message: str = "") -> Condition:
    """Say that something is so."""
    return Condition(type=kind, state=State.TRUE, reason=reason, message=message)


def fails(kind: str, reason: str, message: str) -> Condition:
    """Say that something is not so."""
    return Condition(type=kind, state=State.FALSE, reason=reason, message=message)


def open_(kind: str, reason: str, message: str) -> Condition:
    """Say that nobody knows yet."""
    return Condition(type=kind, state=State.UNKNOWN, reason=reason, message=message)


def accepted(error: str | None) -> Condition:
    """Say whether the spec can be used."""
    if error is None:
        return holds("Accepted", "Accepted")
    return fails("Accepted", "Invalid", printable(error, _MAX_MESSAGE))


def ready(conditions: Iterable[Condition], reason: str, message: str) -> Condition:
    """Sum conditions up: the first that does not hold says why it is not ready."""
    for one in conditions:
        if one.state is not State.TRUE:
            return Condition(type="Ready", state=one.state, reason=one.reason, message=one.message)
    return holds("Ready", reason, message)


def joined(parts: Sequence[str], by: str = "; ") -> str:
    """Put the first few of many parts into one message."""
    shown = [printable(part, _MAX_PART) for part in parts[:_SHOWN]]
    if len(parts) > _SHOWN:
        shown.append(f"and {len(parts) - _SHOWN} more")
    return by.join(shown)
