"""limits.unpackedSize: what the snapshotter writes for one image."""

from functools import partial
from typing import Final

from slimgate.core.policies import ways
from slimgate.core.policies.checks.check import Unit
from slimgate.core.policies.checks.measure import Amount, image_limit
from slimgate.core.policies.checks.sentences import SMALLER, size_sentence, way_of_size
from slimgate.core.policies.ways import Place

CHECK: Final = image_limit(
    "unpackedSize",
    limit=lambda limits: limits.unpacked_size,
    measure=lambda image: [Amount.sum(layer.unpacked for layer in image.layers)],
    unit=Unit.BYTES,
    title="An image unpacks to more than the policy allows",
    advice=f"The unpacked size is what a node's disk holds: the sum of the layers' tars. {SMALLER}",
    sentence=partial(size_sentence, "unpacks to", ""),
    place=Place.LARGE_IMAGE,
    way=partial(way_of_size, unpacked=True),
    unknown=ways.UNKNOWN_SIZE,
)
