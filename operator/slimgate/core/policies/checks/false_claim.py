"""bases.onFalseClaim: a base that the image claims and its layers disprove."""

from collections.abc import Iterator, Mapping
from typing import Final

from slimgate.core.policies.checks.bases import images
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import OnFalseClaim, Policy

NAME: Final = "falseClaim"
_OUTCOMES: Final[Mapping[OnFalseClaim, Outcome]] = {
    OnFalseClaim.WARN: Outcome.WARN,
    OnFalseClaim.DENY: Outcome.DENY,
}


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report false claims as the policy asks for, and what may be one if that would be denied."""
    outcome = _OUTCOMES.get(policy.bases.on_false_claim) if policy.bases else None
    if outcome is None:
        return
    for use, image in images(subject):
        base = image.base
        open_ = (base.unchecked or base.unread) if base.claims and outcome is Outcome.DENY else None
        if base.contradiction is None and open_ is not None:
            # Nobody waits for a warning that may come of it; a denial must not come later.
            yield Finding(
                policy=policy.name,
                check=NAME,
                outcome=Outcome.UNKNOWN,
                use=use,
                image=image,
                reason=f"the base that it claims is unknown: {open_}",
            )
        if base.contradiction is not None:
            yield Finding(
                policy=policy.name,
                check=NAME,
                outcome=outcome,
                use=use,
                image=image,
                value=base.contradiction,
            )
