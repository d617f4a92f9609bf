"""limits.layers: how many layers an image has."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.checks.measure import each_image
from slimgate.core.finding import Finding, Subject
from slimgate.core.image import Size
from slimgate.core.policy import Policy

NAME: Final = "layers"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images with more layers than the limit."""
    limit = policy.limits.layers
    return each_image(policy, subject, NAME, limit, lambda image: [Size.known(len(image.layers))])
