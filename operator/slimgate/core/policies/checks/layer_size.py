"""limits.layerSize: the largest single layer to pull; layers are pulled whole."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.images.facts import ImageFacts
from slimgate.core.policies.checks.measure import Amount, each_image
from slimgate.core.policies.finding import Finding, Subject
from slimgate.core.policies.policy import Policy

NAME: Final = "layerSize"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images with a layer that is more to pull than the limit, in bytes."""
    return each_image(policy, subject, NAME, policy.limits.layer_size, _sizes)


def _sizes(image: ImageFacts) -> Iterator[Amount]:
    return (Amount.of(layer.pull) for layer in image.layers)
