"""limits.layerSize: the largest single layer to pull; layers are pulled whole."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from slimgate.core.images.facts import ImageFacts
from slimgate.core.policies.checks.check import Check, Unit
from slimgate.core.policies.checks.measure import Amount, each_image
from slimgate.core.policies.checks.sentences import SMALLER, size_sentence
from slimgate.core.policies.finding import Finding, Subject
from slimgate.core.policies.policy import Policy

NAME: Final = "layerSize"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images with a layer that is more to pull than the limit, in bytes."""
    return each_image(policy, subject, NAME, policy.limits.layer_size, _sizes)


def _sizes(image: ImageFacts) -> Iterator[Amount]:
    return (Amount.of(layer.pull) for layer in image.layers)


CHECK: Final = Check(
    name=NAME,
    field="spec.limits.layerSize",
    title="One layer is more to pull than the policy allows",
    advice=f"A large layer is pulled and unpacked in one piece, whatever changed in it. {SMALLER}",
    unit=Unit.BYTES,
    is_asked=lambda policy: policy.limits.layer_size is not None,
    find=check,
    sentence=partial(size_sentence, "has a layer of", " to pull"),
)
