"""limits.unpackedSize: what the snapshotter writes for one image."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.images.facts import ImageFacts
from slimgate.core.policies.checks.measure import Amount, each_image
from slimgate.core.policies.finding import Finding, Subject
from slimgate.core.policies.policy import Policy

NAME: Final = "unpackedSize"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images whose layers unpack to more than the limit, in bytes."""
    return each_image(policy, subject, NAME, policy.limits.unpacked_size, _size)


def _size(image: ImageFacts) -> Iterator[Amount]:
    yield Amount.sum(layer.unpacked for layer in image.layers)
