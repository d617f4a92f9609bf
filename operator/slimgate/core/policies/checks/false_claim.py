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
    """Report false claims as the policy asks for."""
    outcome = _OUTCOMES.get(policy.bases.on_false_claim) if policy.bases else None
    if outcome is None:
        return
    for use, image in images(subject):
        if image.base.contradiction is not None:
            yield Finding(
                policy=policy.name,
                check=NAME,
                outcome=outcome,
                use=use,
                image=image,
                value=image.base.contradiction,
            )
