"""limits.pullSize: what crosses the network for one image, compressed."""

from functools import partial
from typing import Final

from slimgate.core.policies.checks.check import Unit
from slimgate.core.policies.checks.measure import Amount, image_limit
from slimgate.core.policies.checks.sentences import SMALLER, size_sentence, way_of_size
from slimgate.core.policies.ways import Section

CHECK: Final = image_limit(
    "pullSize",
    limit=lambda limits: limits.pull_size,
    measure=lambda _, image: [Amount.sum(layer.pull for layer in image.layers)],
    unit=Unit.BYTES,
    title="An image is more to pull than the policy allows",
    advice="The pull size is what crosses the network: the sum of the compressed layers. "
    f"{SMALLER}",
    sentence=partial(size_sentence, "pulls", ""),
    section=Section.LARGE_IMAGE,
    way=way_of_size,
)
