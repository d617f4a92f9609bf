"""limits.layers: how many layers an image has."""

from typing import Final

from slimgate.core.policies import ways
from slimgate.core.policies.checks.check import Unit
from slimgate.core.policies.checks.measure import Amount, image_limit
from slimgate.core.policies.checks.sentences import platform_of
from slimgate.core.policies.ways import Section

CHECK: Final = image_limit(
    "layers",
    limit=lambda limits: limits.layers,
    measure=lambda _, image: [Amount(least=len(image.layers))],
    unit=Unit.NONE,
    title="An image has more layers than the policy allows",
    advice="Join instructions that belong together, and copy from earlier stages in one step.",
    sentence=lambda f: f"has {f.value} layers{platform_of(f)}, limit {f.limit}",
    section=Section.MANY_LAYERS,
    way=lambda _: ways.MANY_LAYERS,
)
