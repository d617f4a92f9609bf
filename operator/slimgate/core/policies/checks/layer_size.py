"""limits.layerSize: the largest single layer to pull; layers are pulled whole."""

from functools import partial
from typing import Final

from slimgate.core.policies.checks.check import Unit
from slimgate.core.policies.checks.measure import Amount, image_limit
from slimgate.core.policies.checks.sentences import SMALLER, size_sentence, way_of_size
from slimgate.core.policies.ways import Section

CHECK: Final = image_limit(
    "layerSize",
    limit=lambda limits: limits.layer_size,
    measure=lambda _, image: [Amount.of(layer.pull) for layer in image.layers],
    unit=Unit.BYTES,
    title="One layer is more to pull than the policy allows",
    advice=f"A large layer is pulled and unpacked in one piece, whatever changed in it. {SMALLER}",
    sentence=partial(size_sentence, "has a layer of", " to pull"),
    section=Section.LARGE_IMAGE,
    way=way_of_size,
)
