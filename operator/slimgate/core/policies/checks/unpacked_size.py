"""limits.unpackedSize: what the snapshotter writes for one image.

A size that is only estimated is one that the image may have made up, so a policy may ask for one
that is measured. Then an estimate tells what is too large, but not what is within the limit.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Final

from slimgate.core.images.facts import ImageFacts, SizeEvidence
from slimgate.core.policies import ways
from slimgate.core.policies.checks.check import Unit
from slimgate.core.policies.checks.measure import Amount, image_limit
from slimgate.core.policies.checks.sentences import SMALLER, size_sentence, way_of_size
from slimgate.core.policies.policy import Limits
from slimgate.core.policies.ways import Section
from slimgate.core.quantity import format_bytes

NAME: Final = "unpackedSize"


def _measure(limits: Limits, image: ImageFacts) -> Iterable[Amount]:
    amount = Amount.sum(layer.unpacked for layer in image.layers)
    limit = limits.unpacked_size
    wants_more = limit is not None and limit.evidence is SizeEvidence.MEASURED
    if wants_more and amount.exact and amount.evidence is SizeEvidence.ESTIMATED:
        size = format_bytes(amount.least)
        reason = f"{size} is an estimate, and the policy asks for a measured size"
        amount = replace(amount, exact=False, reason=reason, way=ways.BUSY)
    return [amount]


CHECK: Final = image_limit(
    NAME,
    limit=lambda limits: limits.unpacked_size,
    measure=_measure,
    unit=Unit.BYTES,
    title="An image unpacks to more than the policy allows",
    advice=f"The unpacked size is what a node's disk holds: the sum of the layers' tars. {SMALLER}",
    sentence=partial(size_sentence, "unpacks to", ""),
    section=Section.LARGE_IMAGE,
    way=partial(way_of_size, unpacked=True),
    unknown=ways.UNKNOWN_SIZE,
)
