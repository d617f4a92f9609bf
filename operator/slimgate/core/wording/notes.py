"""What a Kubernetes Event says of a new verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from slimgate.core.policies.finding import Outcome
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording import render
from slimgate.core.wording.annotations import VERDICT
from slimgate.core.wording.ways import DOCS


@dataclass(frozen=True, slots=True)
class Note:
    """What an Event says; `warning` is its type, `reason` one word in CamelCase."""

    reason: str
    text: str
    warning: bool


_REASONS: Final = {
    Outcome.ALLOW: "WithinPolicy",
    Outcome.WARN: "SlimPolicyWarning",
    Outcome.UNKNOWN: "ImageUnknown",
    Outcome.DENY: "SlimPolicyViolation",
}


def note_of(before: Mapping[str, str | None], verdict: Verdict, docs: str = DOCS) -> Note | None:
    """Say what an Event tells of a new verdict; None where there is nothing to tell.

    `before` are the annotations of the last verdict. Why something is unknown may change with
    every look at it, and is not told anew each time.
    """
    good = verdict.outcome is Outcome.ALLOW
    if good and before[VERDICT] in {None, Outcome.ALLOW.label}:
        return None
    if verdict.outcome is Outcome.UNKNOWN and before[VERDICT] == Outcome.UNKNOWN.label:
        return None
    if not verdict.policies:
        return Note("NoPolicy", "no SlimPolicy applies to this workload any more", warning=False)
    if good:
        text = render.summary(verdict)
    else:
        text = render.denial(verdict.findings, verdict.policies, docs)
    return Note(_REASONS[verdict.outcome], text, warning=not good)
