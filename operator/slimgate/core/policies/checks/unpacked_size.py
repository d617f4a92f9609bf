"""limits.unpackedSize: what the snapshotter writes for one image."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from slimgate.core.images.facts import ImageFacts
from slimgate.core.policies.checks.check import Check, Unit
from slimgate.core.policies.checks.measure import Amount, each_image
from slimgate.core.policies.checks.sentences import SMALLER, size_sentence
from slimgate.core.policies.finding import Finding, Subject
from slimgate.core.policies.policy import Policy

NAME: Final = "unpackedSize"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images whose layers unpack to more than the limit, in bytes."""
    return each_image(policy, subject, NAME, policy.limits.unpacked_size, _size)


def _size(image: ImageFacts) -> Iterator[Amount]:
    yield Amount.sum(layer.unpacked for layer in image.layers)


CHECK: Final = Check(
    name=NAME,
    field="spec.limits.unpackedSize",
    title="An image unpacks to more than the policy allows",
    advice=f"The unpacked size is what a node's disk holds: the sum of the layers' tars. {SMALLER}",
    unit=Unit.BYTES,
    is_asked=lambda policy: policy.limits.unpacked_size is not None,
    find=check,
    sentence=partial(size_sentence, "unpacks to", ""),
)
