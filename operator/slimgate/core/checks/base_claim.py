"""A base that the image claims and its layers disprove is a violation of its own."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.checks.bases import images
from slimgate.core.finding import Finding, Outcome, Subject
from slimgate.core.policy import Policy

NAME: Final = "baseClaim"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report false claims wherever a policy cares about bases at all."""
    if policy.bases is None:
        return
    for use, image in images(policy, subject):
        if image.base.contradiction is not None:
            yield Finding(
                policy=policy.name,
                check=NAME,
                outcome=Outcome.DENY,
                use=use,
                image=image,
                value=image.base.contradiction,
            )
