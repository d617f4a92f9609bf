"""limits.unpackedSize: what the snapshotter writes for one image."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.checks.measure import each_image
from slimgate.core.finding import Finding, Subject
from slimgate.core.policy import Policy

NAME: Final = "unpackedSize"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images whose layers unpack to more than the limit, in bytes."""
    limit = policy.limits.unpacked_size
    return each_image(policy, subject, NAME, limit, lambda image: [image.unpacked])
