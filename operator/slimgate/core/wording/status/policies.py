"""The status of a SlimPolicy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from slimgate.core.wording.status.condition import (
    Condition,
    Status,
    accepted,
    fails,
    holds,
    joined,
    open_,
    ready,
)
from slimgate.core.wording.status.tally import Counts

_TYPE = "ResolvedRefs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A reference of a BaseImage that a policy's rules hinge on.

    `error` says why it could not be looked up; `pending` says that nobody has yet.
    """

    base_image: str
    reference: str
    pending: bool = False
    error: str | None = None


def policy_status(error: str | None, dependencies: Iterable[Dependency], counts: Counts) -> Status:
    """Write a policy's status; `error` says why it can't be used, and then nothing is counted."""
    understood = accepted(error)
    if error is not None:
        unknown = open_(_TYPE, "Invalid", "the policy can't be used, so nothing is looked up")
        conditions = [understood, unknown]
        counts = Counts()
    else:
        conditions = [understood, _resolved(list(dependencies))]
    summary = ready(conditions, "Judging", "workloads are judged by it")
    return Status(
        conditions=[*conditions, summary],
        fields={
            "workloads": counts.workloads,
            "warned": counts.warned,
            "denied": counts.denied,
            "unknown": counts.unknown,
        },
    )


def _resolved(dependencies: Sequence[Dependency]) -> Condition:
    failed = [
        f"{one.reference} of BaseImage {one.base_image}: {one.error}"
        for one in dependencies
        if one.error is not None
    ]
    if failed:
        return fails(_TYPE, "BaseUnresolved", joined(failed))
    pending = [one.reference for one in dependencies if one.pending]
    if pending:
        return open_(_TYPE, "Pending", f"being looked up: {joined(pending, ', ')}")
    if dependencies:
        return holds(_TYPE, "Resolved", "the BaseImages that its rules name are known")
    return holds(_TYPE, "Resolved", "its rules need no BaseImage")
