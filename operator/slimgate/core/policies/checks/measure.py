"""Compares what was measured on each platform with a soft and a hard limit.

What is known of a sum is a lower bound of it: where that is above a limit, nothing more need be
known. A layer whose size is unknown counts as what it is at least, which may be nothing. What it is
to pull says nothing of what it unpacks to: gzip may hold empty blocks and long headers, zstd frames
to be skipped.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Self

from slimgate.core.images.facts import ImageFacts, Size, SizeEvidence
from slimgate.core.policies import ways
from slimgate.core.policies.checks.check import Check, Unit
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import Limit, Limits, Policy
from slimgate.core.policies.ways import Section, Way
from slimgate.core.workloads.workload import ImageUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Exactly `least`, or at least that much: then `reason` says why it may be more.

    `evidence` is that for what is known of an unpacked size, and `way` what helps against what is
    not, if that differs from what helps as a rule.
    """

    least: int
    exact: bool = True
    reason: str | None = None
    evidence: SizeEvidence | None = None
    way: Way | None = None

    @classmethod
    def of(cls, size: Size) -> Self:
        """Take a size for what is known of it."""
        return cls.sum([size])

    @classmethod
    def sum(cls, sizes: Iterable[Size]) -> Self:
        """Add what is known; the first unknown size says why the sum may be more."""
        sizes = list(sizes)
        unknown = next((size for size in sizes if size.bytes is None), None)
        return cls(
            least=sum(size.least for size in sizes),
            exact=unknown is None,
            reason=None if unknown is None else unknown.reason,
            evidence=_evidence(size for size in sizes if size.least and size.fault is None),
            way=None if unknown is None or unknown.fault is None else ways.of_reason(unknown.fault),
        )


def _evidence(sizes: Iterable[Size]) -> SizeEvidence | None:
    """Tell how what is known is known; who doesn't say of a lower bound has estimated it."""
    known = {
        SizeEvidence.ESTIMATED if size.bytes is None and size.evidence is None else size.evidence
        for size in sizes
    }
    weakest = (SizeEvidence.ESTIMATED, SizeEvidence.MEASURED)
    return next((evidence for evidence in weakest if evidence in known), None)


Measured = tuple[ImageFacts | None, Amount]
_LimitOf = Callable[[Limits], Limit | None]
_Measure = Callable[[Limits, ImageFacts], Iterable[Amount]]


def image_limit(
    name: str,
    *,
    limit: _LimitOf,
    measure: _Measure,
    unit: Unit,
    title: str,
    advice: str,
    sentence: Callable[[Finding], str],
    section: Section,
    way: Callable[[Finding], Way],
    unknown: Way = ways.UNKNOWN_PULL_SIZE,
) -> Check:
    """Make a check that measures every image for itself; the largest platform counts."""
    return Check(
        name=name,
        field=f"spec.limits.{name}",
        title=title,
        advice=advice,
        unit=unit,
        is_asked=lambda policy: limit(policy.limits) is not None,
        find=partial(_find, name, limit, measure),
        sentence=sentence,
        section=section,
        way=way,
        unknown=unknown,
    )


def _find(
    name: str, limit: _LimitOf, measure: _Measure, policy: Policy, subject: Subject
) -> Iterator[Finding]:
    lines = limit(policy.limits)
    if lines is None:
        return
    for use, seen in subject.inspected().items():
        measured = [
            (image, amount) for image in seen.images for amount in measure(policy.limits, image)
        ]
        yield from against(policy, name, lines, measured, use)


def against(
    policy: Policy,
    name: str,
    limit: Limit,
    measured: Iterable[Measured],
    use: ImageUse | None,
) -> Iterator[Finding]:
    """Report the largest amount if it is above a limit, and what is unknown if that may matter.

    It does not where the last limit is broken: more can't make it worse.
    """
    amounts = list(measured)
    if not amounts:
        return
    image, worst = max(amounts, key=lambda pair: (pair[1].least, pair[1].exact))
    outcome, line = grade(limit, worst.least)
    unknown = next((pair for pair in amounts if not pair[1].exact), None)
    if unknown is not None and outcome is not _strictest(limit):
        yield Finding(
            policy=policy.name,
            check=name,
            outcome=Outcome.UNKNOWN,
            use=use,
            image=unknown[0],
            limit=limit.deny if outcome is Outcome.WARN else None,
            reason=unknown[1].reason,
            way=ways.ARTIFACT if unknown[0] and unknown[0].no_image else unknown[1].way,
        )
    if outcome is not Outcome.ALLOW:
        yield Finding(
            policy=policy.name,
            check=name,
            outcome=outcome,
            use=use,
            image=image,
            value=worst.least,
            at_least=not worst.exact,
            limit=line,
            size_evidence=worst.evidence,
            reason=worst.reason,
        )


def grade(limit: Limit, value: int) -> tuple[Outcome, int | None]:
    """Say which line a value is above, if any."""
    if limit.deny is not None and value > limit.deny:
        return Outcome.DENY, limit.deny
    if limit.warn is not None and value > limit.warn:
        return Outcome.WARN, limit.warn
    return Outcome.ALLOW, None


def _strictest(limit: Limit) -> Outcome:
    return Outcome.WARN if limit.deny is None else Outcome.DENY
