"""bases.maxTier: how much system an image may be based on."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.images.facts import Base
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.policies.checks.bases import (
    images,
    lasts,
    too_weak,
    unresolved,
)
from slimgate.core.policies.checks.check import Check
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import Policy, TierLimit

NAME: Final = "maxTier"
_UNKNOWN: Final = "the tier of its base is unknown"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images whose base is of a tier above the limit."""
    bases = policy.bases
    if bases is None or bases.max_tier is None:
        return
    for use, image in images(subject):
        tier, evidence = image.base.tier, image.base.tier_evidence
        outcome, line = _grade(bases.max_tier, tier)
        unread = None if _is_certain(image.base, outcome) else image.base.unread
        if outcome is Outcome.ALLOW and unread is None:
            continue
        reason = unresolved(subject, image.base) or unread
        if tier is None or evidence is None:
            reason = image.no_image or reason or _UNKNOWN
        else:
            reason = reason or too_weak(f"its tier {tier.label}", evidence, bases.min_evidence.tier)
        yield Finding(
            policy=policy.name,
            check=NAME,
            outcome=outcome if reason is None else Outcome.UNKNOWN,
            use=use,
            image=image,
            value=tier,
            limit=line,
            evidence=evidence,
            reason=reason,
            lasting=reason is not None and lasts(subject, image.base),
        )


def _is_certain(base: Base, outcome: Outcome) -> bool:
    """Whether no layer can tell otherwise: a toolchain shows, or what is too much is proven."""
    is_proven = base.tier_evidence is Evidence.PROVEN and outcome is not Outcome.ALLOW
    return base.tier is Tier.BUILDER or is_proven


def _grade(limit: TierLimit, tier: Tier | None) -> tuple[Outcome, Tier | None]:
    if tier is None:
        return Outcome.UNKNOWN, None
    if limit.deny is not None and tier > limit.deny:
        return Outcome.DENY, limit.deny
    if limit.warn is not None and tier > limit.warn:
        return Outcome.WARN, limit.warn
    return Outcome.ALLOW, None


def _sentence(finding: Finding) -> str:
    value, limit = finding.value, finding.limit
    if not isinstance(value, Tier) or not isinstance(limit, Tier):
        return "is of a tier above the limit"
    evidence = f" ({finding.evidence.value})" if finding.evidence else ""
    return f"is of tier {value.label}{evidence}, limit {limit.label}"


CHECK: Final = Check(
    name=NAME,
    field="spec.bases.maxTier",
    title="An image's base is of a higher tier than the policy allows",
    advice="Choose a slimmer base for the final stage: scratch, distroless or alpine.",
    is_asked=lambda policy: bool(policy.bases and policy.bases.max_tier),
    find=check,
    sentence=_sentence,
)
