"""The verdict as annotations on the workload itself, never on its pod template.

The Deployment controller copies them to ReplicaSets, so they are short and change only when the
verdict does.
"""

from enum import Enum
from typing import Final

from slimgate.core import render
from slimgate.core.verdict import Verdict

VERDICT: Final = "slimgate.dev/verdict"
SUMMARY: Final = "slimgate.dev/summary"


class Annotate(Enum):
    """Which workloads get annotations, of those that a policy applies to."""

    OVER_POLICY = "OverPolicy"
    ALL = "All"
    NONE = "None"


def annotations_of(verdict: Verdict) -> dict[str, str | None]:
    """Say which annotations a verdict asks for; None of them where no policy matches."""
    if not verdict.policies:
        return {VERDICT: None, SUMMARY: None}
    return {VERDICT: verdict.outcome.label, SUMMARY: render.summary(verdict)}
