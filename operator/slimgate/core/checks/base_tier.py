"""bases.tier: how much system an image may stand on."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.checks.bases import images, unsettled
from slimgate.core.finding import Finding, Outcome, Subject
from slimgate.core.policy import Policy, TierLimit
from slimgate.core.tier import Tier

NAME: Final = "tier"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images on a tier that is as fat as a limit names, or fatter."""
    limit = policy.bases.tier if policy.bases else None
    if limit is None:
        return
    for use, image in images(policy, subject):
        outcome, line = _grade(limit, image.base.tier)
        reason = "the tier of its base is not known" if outcome is Outcome.UNKNOWN else None
        if outcome is not Outcome.ALLOW and (missing := unsettled(policy, subject, image)):
            outcome, reason = Outcome.UNKNOWN, missing
        if outcome is not Outcome.ALLOW:
            yield Finding(
                policy=policy.name,
                check=NAME,
                outcome=outcome,
                use=use,
                image=image,
                value=image.base.tier,
                limit=line,
                reason=reason,
            )


def _grade(limit: TierLimit, tier: Tier | None) -> tuple[Outcome, Tier | None]:
    if tier is None:
        return Outcome.UNKNOWN, None
    if limit.deny is not None and tier >= limit.deny:
        return Outcome.DENY, limit.deny
    if limit.warn is not None and tier >= limit.warn:
        return Outcome.WARN, limit.warn
    return Outcome.ALLOW, None
