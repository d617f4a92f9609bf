"""limits.layers: how many layers an image has."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.checks.measure import Amount, each_image
from slimgate.core.finding import Finding, Subject
from slimgate.core.image import ImageFacts
from slimgate.core.policy import Policy

NAME: Final = "layers"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images with more layers than the limit."""
    return each_image(policy, subject, NAME, policy.limits.layers, _count)


def _count(image: ImageFacts) -> Iterator[Amount]:
    yield Amount(least=len(image.layers))
