"""bases.maxTier: how much system an image may be based on."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.images.facts import Base
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.policies import ways
from slimgate.core.policies.checks.bases import (
    artifact,
    images,
    too_weak,
    unknown_base,
    unread,
    unresolved,
)
from slimgate.core.policies.checks.check import Check
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import BaseRules, Policy, TierLimit
from slimgate.core.policies.ways import Section, Way

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
        open_ = None if _is_certain(image.base, outcome) else unread(image.base)
        if outcome is Outcome.ALLOW and open_ is None:
            continue
        why = unresolved(subject, image.base) or open_
        if tier is None or evidence is None:
            why = artifact(image) or why or unknown_base(subject, image.base, _UNKNOWN)
        else:
            why = why or too_weak(f"its tier {tier.label}", evidence, bases.min_evidence.tier)
        yield Finding(
            policy=policy.name,
            check=NAME,
            outcome=outcome if why is None else Outcome.UNKNOWN,
            use=use,
            image=image,
            value=tier,
            limit=line,
            evidence=evidence,
            reason=None if why is None else why.reason,
            way=_way(bases, tier, line) if why is None else why.way,
        )


def _way(bases: BaseRules, tier: Tier | None, line: Tier | None) -> Way | None:
    if line is None:
        return None
    if bases.allow and tier is not Tier.BUILDER:
        return ways.allowed_base(bases.allow, line)
    return ways.slimmer_base(line, bases.deny, has_toolchain=tier is Tier.BUILDER)


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
    section=Section.TIER,
    way=lambda _: Way(Section.TIER, "Build the final stage on a slimmer base"),
    unknown=ways.UNKNOWN_BASE,
)
