"""Reviews a SlimException before it is stored: its policies must allow it, as it is now.

The same is asked again of every verdict: policies change, and the webhook may be down.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from slimgate.core.admission.decision import ALLOWED, Decision, InvalidReviewError
from slimgate.core.errors import InvalidPolicyError
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.policies.exception import Refusal, SlimException
from slimgate.core.policies.exception_parser import parse_exception
from slimgate.core.policies.policy import Policy
from slimgate.core.text import printable

Find = Callable[[str], Policy | InvalidPolicyError | None]
"""Knows policies by their names, and of those that can't be used why."""
_REVIEWED: Final = frozenset({"CREATE", "UPDATE"})
_MAX_NAMED: Final = 5


def review(request: JsonObject, find: Find, now: datetime) -> Decision:
    """Decide on the `request` of an AdmissionReview.

    What is stored already is let be while its spec stays: it must still take annotations and lose
    finalizers.
    """
    new, old = mapping_at(request, "object"), mapping_at(request, "oldObject")
    if text_at(request, "operation") not in _REVIEWED:
        return ALLOWED
    if not new:
        raise InvalidReviewError("the body is not an AdmissionReview of a SlimException")
    if old and new.get("spec") == old.get("spec"):
        return ALLOWED
    try:
        # What was said of it before its change does not count.
        exception = parse_exception({**new, "status": None})
    except InvalidPolicyError as err:
        return Decision(allowed=False, message=str(err))
    return _judge(exception, find, now)


def _judge(exception: SlimException, find: Find, now: datetime) -> Decision:
    warnings: list[str] = []
    for name in exception.policies:
        policy, shown = find(name), printable(name, 63)
        if policy is None:
            warnings.append(f"slimgate: there is no policy {shown} that could be excused from")
        elif isinstance(policy, InvalidPolicyError):
            warnings.append(f"slimgate: policy {shown} is invalid and not applied")
        elif (refusal := exception.refused_by(policy, now)) is not None:
            return Decision(allowed=False, message=_sentence(refusal))
    return Decision(allowed=True, warnings=tuple(warnings[:_MAX_NAMED]))


def _sentence(refusal: Refusal) -> str:
    if refusal.latest is None:
        return refusal.message
    # A moment is left for whoever writes this down, in whole minutes.
    latest = (refusal.latest - timedelta(minutes=1)).replace(second=0, microsecond=0)
    return f"{refusal.message}: set spec.expirationTime to {latest:%Y-%m-%dT%H:%M:%SZ} or earlier"
