"""Compares what was measured on each platform with a soft and a hard limit."""

from collections.abc import Callable, Iterable, Iterator

from slimgate.core.finding import Finding, Outcome, Subject
from slimgate.core.image import ImageFacts, Size
from slimgate.core.policy import Limit, Policy
from slimgate.core.workload import ImageUse

Measure = Callable[[ImageFacts], Iterable[Size]]


def each_image(
    policy: Policy, subject: Subject, name: str, limit: Limit | None, measure: Measure
) -> Iterator[Finding]:
    """Measure every image that the policy speaks of; the largest platform counts."""
    if limit is None:
        return
    for use, seen in subject.inspected().items():
        if policy.match.image(use.reference):
            measured = [(image, size) for image in seen.images for size in measure(image)]
            yield from against(policy, name, limit, measured, use)


def against(
    policy: Policy,
    name: str,
    limit: Limit,
    measured: Iterable[tuple[ImageFacts | None, Size]],
    use: ImageUse | None,
) -> Iterator[Finding]:
    """Report the largest value if it is above a limit, else the first unknown one."""
    image, worst = None, 0
    unknown: tuple[ImageFacts | None, Size] | None = None
    for facts, size in measured:
        if size.bytes is None:
            unknown = unknown or (facts, size)
        elif size.bytes >= worst:
            image, worst = facts, size.bytes
    outcome, line = grade(limit, worst)
    if outcome is not Outcome.DENY and unknown is not None:
        yield Finding(
            policy=policy.name,
            check=name,
            outcome=Outcome.UNKNOWN,
            use=use,
            image=unknown[0],
            reason=unknown[1].reason,
        )
    if outcome is not Outcome.ALLOW:
        yield Finding(
            policy=policy.name,
            check=name,
            outcome=outcome,
            use=use,
            image=image,
            value=worst,
            limit=line,
        )


def grade(limit: Limit, value: int) -> tuple[Outcome, int | None]:
    """Say which line a value is above, if any."""
    if limit.deny is not None and value > limit.deny:
        return Outcome.DENY, limit.deny
    if limit.warn is not None and value > limit.warn:
        return Outcome.WARN, limit.warn
    return Outcome.ALLOW, None
