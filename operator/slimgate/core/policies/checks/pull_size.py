"""limits.pullSize: what crosses the network for one image, compressed."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.images.facts import ImageFacts
from slimgate.core.policies.checks.measure import Amount, each_image
from slimgate.core.policies.finding import Finding, Subject
from slimgate.core.policies.policy import Policy

NAME: Final = "pullSize"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images whose layers are more to pull than the limit, in bytes."""
    return each_image(policy, subject, NAME, policy.limits.pull_size, _size)


def _size(image: ImageFacts) -> Iterator[Amount]:
    yield Amount.sum(layer.pull for layer in image.layers)
