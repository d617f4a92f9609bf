"""What there is to say of a policy and of an exception in their status."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyStatus:
    """What there is to say of a policy; the counts are of workloads.

    `error` says why it can't be used. `faults` say which known bases could not be found, and why.
    """

    error: str | None = None
    faults: tuple[str, ...] = ()
    workloads: int = 0
    violating: int = 0
    denied: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionStatus:
    """What there is to say of an exception; `matched` counts the workloads that it excuses."""

    error: str | None = None
    expired: bool = False
    matched: int = 0
