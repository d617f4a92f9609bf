"""limits.layers: how many layers an image has."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.images.facts import ImageFacts
from slimgate.core.policies.checks.measure import Amount, each_image
from slimgate.core.policies.finding import Finding, Subject
from slimgate.core.policies.policy import Policy

NAME: Final = "layers"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images with more layers than the limit."""
    return each_image(policy, subject, NAME, policy.limits.layers, _count)


def _count(image: ImageFacts) -> Iterator[Amount]:
    yield Amount(least=len(image.layers))
