"""bases.onFalseClaim: a base that the image claims and its layers disprove."""

from collections.abc import Iterator, Mapping
from typing import Final

from slimgate.core.policies import ways
from slimgate.core.policies.checks.bases import images
from slimgate.core.policies.checks.check import Check
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import OnFalseClaim, Policy
from slimgate.core.policies.ways import Section
from slimgate.core.text import printable

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
                way=ways.UNKNOWN_CLAIM if base.unchecked else ways.REGISTRY,
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


def _is_asked(policy: Policy) -> bool:
    return policy.bases is not None and policy.bases.on_false_claim is not OnFalseClaim.IGNORE


CHECK: Final = Check(
    name=NAME,
    field="spec.bases.onFalseClaim",
    title="An image claims a base that its layers contradict",
    advice="Correct the labels or annotations org.opencontainers.image.base.name and .digest, or "
    "the build that writes them.",
    is_asked=_is_asked,
    find=check,
    sentence=lambda finding: printable(str(finding.value)).removeprefix("it "),
    section=Section.FALSE_CLAIM,
    way=lambda _: ways.FALSE_CLAIM,
)
