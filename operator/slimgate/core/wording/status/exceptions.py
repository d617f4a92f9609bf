"""The status of a SlimException."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Self

from slimgate.core.images.tier import Tier
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.policies.checks import CHECKS
from slimgate.core.quantity import format_quantity
from slimgate.core.timestamp import format_time, parse_time
from slimgate.core.wording.status.condition import (
    Condition,
    Status,
    accepted,
    fails,
    holds,
    joined,
    open_,
)
from slimgate.core.wording.status.tally import Excess, Excused

UNUSED_AFTER: Final = timedelta(days=30)
_FRESH: Final = timedelta(days=1)
"""How long a time of last use stands while the exception is in use: a status that changes with
each look would be written with each look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Since when an exception exists, in how many workloads it excuses something, and until when.

    It is read from the object itself at first, so that a restart forgets nothing.
    """

    created: datetime | None = None
    workloads: int = 0
    last: datetime | None = None

    @classmethod
    def of(cls, resource: JsonObject) -> Self:
        """Read it from an object; what is malformed is as good as absent."""
        status = mapping_at(resource, "status")
        workloads = status.get("workloads")
        return cls(
            created=parse_time(text_at(mapping_at(resource, "metadata"), "creationTimestamp")),
            workloads=workloads if isinstance(workloads, int) else 0,
            last=parse_time(text_at(status, "lastUsedTime")),
        )

    def then(self, workloads: int, now: datetime) -> Self:
        """Tell how it goes on, by what is counted now."""
        last = self.last
        if workloads:
            is_fresh = last is not None and now - last < _FRESH
            last = last if is_fresh else now
        elif self.workloads:
            last = now  # it was in use until now
        return replace(self, workloads=workloads, last=last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Whether an exception can be read, which policies honour it, and what it excuses.

    `error` says why it can't be read. Of the policies that it names, `missing` are those that there
    are not, `invalid` those that can't be used, `refusals` the reasons and messages of those that
    do not honour it, and `honoured` says whether there is one that does.
    """

    error: str | None = None
    missing: Sequence[str] = ()
    invalid: Sequence[str] = ()
    refusals: Sequence[tuple[str, str]] = ()
    honoured: bool = True
    expires: datetime | None = None
    excused: Excused | None = None


def exception_status(trial: Trial, use: Use, now: datetime) -> Status:
    """Write an exception's status; times move only as far as the clock that is given."""
    excused = trial.excused or Excused()
    return Status(
        conditions=[_accepted(trial), _resolved(trial), _in_force(trial, now), _used(use, now)],
        fields={
            "workloads": use.workloads,
            "lastUsedTime": None if use.last is None else format_time(use.last),
            "excused": list(_excesses(excused.checks)),
        },
    )


def _accepted(trial: Trial) -> Condition:
    if trial.error is not None or not trial.refusals:
        return accepted(trial.error)
    reason, _ = trial.refusals[0]
    return fails("Accepted", reason, joined([message for _, message in trial.refusals]))


def _resolved(trial: Trial) -> Condition:
    if trial.error is not None:
        return open_("ResolvedRefs", "Invalid", "the exception can't be used")
    if trial.missing:
        names = joined(trial.missing, ", ")
        return fails("ResolvedRefs", "PolicyNotFound", f"there is no SlimPolicy {names}")
    return holds("ResolvedRefs", "Resolved")


def _in_force(trial: Trial, now: datetime) -> Condition:
    if trial.error is None and trial.expires is not None and now >= trial.expires:
        return fails("InForce", "Expired", f"it ended at {format_time(trial.expires)}")
    if trial.error is not None or (trial.refusals and not trial.honoured):
        return fails("InForce", "NotAccepted", "it excuses nothing while it is not accepted")
    if not trial.honoured and trial.invalid:
        names = joined(trial.invalid, ", ")
        return fails("InForce", "PolicyInvalid", f"SlimPolicy {names} is invalid and not applied")
    if not trial.honoured:
        return fails("InForce", "PolicyNotFound", "there is no policy to excuse from")
    return holds("InForce", "NotExpired")


def _used(use: Use, now: datetime) -> Condition:
    if use.workloads:
        return holds("Used", "Excusing")
    if now - (use.last or use.created or now) >= UNUSED_AFTER:
        days = UNUSED_AFTER.days
        return fails("Used", "Unused", f"it has excused nothing for {days} days: delete it")
    if use.last is not None:
        return holds("Used", "RecentlyUsed", f"it excused something until {format_time(use.last)}")
    return open_("Used", "NotYetUsed", "it has excused nothing so far")


def _excesses(checks: Mapping[str, Excess]) -> Iterable[dict[str, object]]:
    for check, excess in sorted(checks.items()):
        entry = {
            "check": check,
            "workloads": excess.workloads,
            "largest": _amount(check, excess.largest),
            "limit": _amount(check, excess.limit),
        }
        yield {key: value for key, value in entry.items() if value is not None}


def _amount(check: str, value: int | Tier | None) -> str | None:
    return None if value is None else CHECKS[check].amount(value, format_quantity)
