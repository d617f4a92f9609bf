"""The status of a SlimPolicy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from slimgate.core.policies.budget import MAX_TOLD, STATUS, OverBudget, to_status
from slimgate.core.quantity import format_bytes
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
_BUDGET = "WithinBudget"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLook:
    """What became of a policy's budget: the namespaces over it, None if nobody has looked yet."""

    over: Sequence[OverBudget] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A reference of a BaseImage that a policy's rules hinge on.

    `error` says why it could not be looked up; `pending` says that nobody has yet.
    """

    base_image: str
    reference: str
    pending: bool = False
    error: str | None = None


def policy_status(
    error: str | None,
    dependencies: Iterable[Dependency],
    counts: Counts,
    budget: BudgetLook | None = None,
) -> Status:
    """Write a policy's status; `error` says why it can't be used, and then nothing is counted."""
    understood = accepted(error)
    if error is not None:
        unknown = open_(_TYPE, "Invalid", "the policy can't be used, so nothing is looked up")
        conditions = [understood, unknown]
        counts = Counts()
    else:
        conditions = [understood, _resolved(list(dependencies))]
    summary = ready(conditions, "Judging", "workloads are judged by it")
    # A namespace that is over its budget makes nothing of the policy wrong.
    within = [] if budget is None or error is not None else [_within(budget)]
    overs = budget.over if budget is not None and error is None else None
    return Status(
        conditions=[*conditions, *within, summary],
        fields={
            "workloads": counts.workloads,
            "warned": counts.warned,
            "denied": counts.denied,
            "unknown": counts.unknown,
            STATUS: to_status(overs[:MAX_TOLD]) if overs else None,
        },
    )


def _within(budget: BudgetLook) -> Condition:
    if budget.over is None:
        return open_(_BUDGET, "Pending", "what is on nodes has not been looked at")
    if not budget.over:
        return holds(_BUDGET, "WithinBudget", "no namespace is known to be over the budget")
    said = [f"{one.namespace} has {format_bytes(one.size)}" for one in budget.over]
    least = format_bytes(budget.over[0].budget)
    return fails(_BUDGET, "OverBudget", f"the budget is {least}; {joined(said)}")


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
