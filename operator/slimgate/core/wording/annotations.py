"""The verdict as annotations on the workload itself, never on its pod template.

The Deployment controller copies them to ReplicaSets, so they are short and change only when the
verdict does.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from slimgate.core.policies.finding import Outcome
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording import render

VERDICT: Final = "slimgate.dev/verdict"
SUMMARY: Final = "slimgate.dev/summary"


class Annotate(Enum):
    """Which workloads get annotations, of those that a policy applies to.

    OVER_POLICY: those that are over policy, or unknown. With NONE nothing is written on workloads
    at all, not even to remove what is there, so that it takes no right to write to them.
    """

    OVER_POLICY = "OverPolicy"
    ALL = "All"
    NONE = "None"


NO_ANNOTATIONS: Final[Mapping[str, str | None]] = {VERDICT: None, SUMMARY: None}


def annotations_of(verdict: Verdict) -> Mapping[str, str | None]:
    """Say a verdict as annotations do; no policy, no annotations."""
    if not verdict.policies:
        return NO_ANNOTATIONS
    return {VERDICT: verdict.outcome.label, SUMMARY: render.summary(verdict)}


def wanted_annotations(
    annotate: Annotate, says: Mapping[str, str | None]
) -> Mapping[str, str | None] | None:
    """Say which annotations a workload should carry; None if it is to be left as it is.

    `says` are those of its verdict: it takes time to write them, and they are asked for often.
    """
    if annotate is Annotate.NONE:
        return None
    if annotate is Annotate.OVER_POLICY and says[VERDICT] == Outcome.ALLOW.label:
        return NO_ANNOTATIONS
    return says
