"""limits.pullSize: what crosses the network for one image, compressed."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from slimgate.core.images.facts import ImageFacts
from slimgate.core.policies.checks.check import Check, Unit
from slimgate.core.policies.checks.measure import Amount, each_image
from slimgate.core.policies.checks.sentences import SMALLER, size_sentence
from slimgate.core.policies.finding import Finding, Subject
from slimgate.core.policies.policy import Policy

NAME: Final = "pullSize"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images whose layers are more to pull than the limit, in bytes."""
    return each_image(policy, subject, NAME, policy.limits.pull_size, _size)


def _size(image: ImageFacts) -> Iterator[Amount]:
    yield Amount.sum(layer.pull for layer in image.layers)


CHECK: Final = Check(
    name=NAME,
    field="spec.limits.pullSize",
    title="An image is more to pull than the policy allows",
    advice="The pull size is what crosses the network: the sum of the compressed layers. "
    f"{SMALLER}",
    unit=Unit.BYTES,
    is_asked=lambda policy: policy.limits.pull_size is not None,
    find=check,
    sentence=partial(size_sentence, "pulls", ""),
)
