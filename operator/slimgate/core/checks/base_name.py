"""bases.allow and bases.deny: which bases an image may stand on."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.checks.bases import images, matches, unsettled
from slimgate.core.finding import Finding, Outcome, Subject
from slimgate.core.image import Base
from slimgate.core.policy import Bases, Policy

NAME: Final = "base"
_UNKNOWN: Final = "its base is not known"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report bases that are denied, not allowed, or allowed on weaker evidence than accepted."""
    bases = policy.bases
    if bases is None or not (bases.allow or bases.deny):
        return
    for use, image in images(policy, subject):
        outcome, needs = _judge(bases, image.base)
        reason = None
        if outcome is not Outcome.ALLOW:
            reason = unsettled(policy, subject, image) or (needs and _unchecked(image.base))
        if reason is not None:
            outcome = Outcome.UNKNOWN
        if outcome is not Outcome.ALLOW:
            yield Finding(
                policy=policy.name,
                check=NAME,
                outcome=outcome,
                use=use,
                image=image,
                value=image.base.name or image.base.family,
                limit=needs,
                reason=(reason or _UNKNOWN) if outcome is Outcome.UNKNOWN else None,
            )


def _judge(bases: Bases, base: Base) -> tuple[Outcome, str | None]:
    """Grade a base, and name the evidence that would be needed where only that is lacking."""
    unknown = base.name is None and base.family is None and base.tier is None
    if bases.deny and matches(base, bases.deny):
        return Outcome.DENY, None
    if unknown:
        return Outcome.UNKNOWN, None
    if bases.deny:
        return Outcome.ALLOW, None
    if not matches(base, bases.allow):
        return Outcome.DENY, None
    return (Outcome.ALLOW, None) if _believed(base, bases) else (Outcome.DENY, bases.accept.value)


def _unchecked(base: Base) -> str | None:
    """Say why an allowed base that the image claims is not proven: its registry may be down."""
    reason = base.unchecked
    return None if reason is None else f"the base that it claims is not known: {reason}"


def _believed(base: Base, bases: Bases) -> bool:
    return base.evidence is not None and base.evidence.strength >= bases.accept.strength
