"""The verdict on a workload, reached before any mode is applied."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Final

from slimgate.core.policies import ways
from slimgate.core.policies.checks import CHECKS, inspection
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.excuses import Excuses
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.unknown import reason_of
from slimgate.core.policies.ways import Why

_MANY_EXCEPTIONS: Final = Why(
    "its namespace has more SlimExceptions than slimgate compares for one verdict",
    ways.MANY_EXCEPTIONS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What all matching policies say together; `excused` findings stand for exceptions' work."""

    subject: Subject
    policies: tuple[Policy, ...] = ()
    findings: tuple[Finding, ...] = ()
    excused: tuple[tuple[Finding, SlimException], ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The strictest finding's outcome, allow where there is none."""
        return max((finding.outcome for finding in self.findings), default=Outcome.ALLOW)

    def counts_as(self, other: "Verdict") -> bool:
        """Whether nothing that is counted of verdicts differs."""
        mine, others = (
            (one.policies, one.findings, one.excused, one.subject.inspected())
            for one in (self, other)
        )
        return mine == others

    def unknown(self) -> Iterator[tuple[str, str]]:
        """Yield the check and the reason, in one word, of all that is unknown."""
        for finding in self.findings:
            if finding.outcome is Outcome.UNKNOWN:
                yield finding.check, reason_of(finding, self.subject)


def evaluate(
    subject: Subject,
    policies: Sequence[Policy],
    exceptions: Sequence[SlimException],
    now: datetime,
) -> Verdict:
    """Run every check of every policy; `policies` are those that match the workload."""
    findings: list[Finding] = []
    excused: list[tuple[Finding, SlimException]] = []
    excuses = Excuses(exceptions, subject, now)
    for policy in policies:
        narrowed = _narrowed(subject, policy)
        checks = [inspection.CHECK] if policy.name in subject.undecided else CHECKS.values()
        for finding in chain.from_iterable(one.find(policy, narrowed) for one in checks):
            by = excuses.by(policy, finding)
            if by is None:
                findings.append(finding)
            else:
                excused.append((finding, by))
        if excuses.cut_short:
            findings.extend(_not_asked(policy, findings))
    return Verdict(
        subject=subject,
        policies=tuple(policies),
        findings=tuple(findings),
        excused=tuple(excused),
    )


def _not_asked(policy: Policy, findings: Sequence[Finding]) -> list[Finding]:
    """Say of what is not excused that it might be: it stands, and so does the policy's word on it.

    A warning is no worse for that.
    """
    strict = (f for f in findings if f.policy == policy.name and f.outcome > Outcome.WARN)
    return [
        inspection.unknown(policy, _MANY_EXCEPTIONS, use)
        for use in dict.fromkeys(finding.use for finding in strict)
    ]


def _narrowed(subject: Subject, policy: Policy) -> Subject:
    """Leave out the images that the policy does not speak of."""
    spoken_of = subject.spoken_of.get(policy.name)
    if spoken_of is None:
        spoken_of = policy.match.spoken_of(subject.images)
    if spoken_of >= subject.images.keys():
        return subject
    images = {use: seen for use, seen in subject.images.items() if use in spoken_of}
    return replace(subject, images=images)
