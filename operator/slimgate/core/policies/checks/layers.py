"""limits.layers: how many layers an image has."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.images.facts import ImageFacts
from slimgate.core.policies.checks.check import Check
from slimgate.core.policies.checks.measure import Amount, each_image
from slimgate.core.policies.checks.sentences import platform_of
from slimgate.core.policies.finding import Finding, Subject
from slimgate.core.policies.policy import Policy

NAME: Final = "layers"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images with more layers than the limit."""
    return each_image(policy, subject, NAME, policy.limits.layers, _count)


def _count(image: ImageFacts) -> Iterator[Amount]:
    yield Amount(least=len(image.layers))


CHECK: Final = Check(
    name=NAME,
    field="spec.limits.layers",
    title="An image has more layers than the policy allows",
    advice="Join instructions that belong together, and copy from earlier stages in one step.",
    is_asked=lambda policy: policy.limits.layers is not None,
    find=check,
    sentence=lambda f: f"has {f.value} layers{platform_of(f)}, limit {f.limit}",
)
