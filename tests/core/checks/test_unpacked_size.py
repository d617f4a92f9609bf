"""limits.unpackedSize: what the snapshotter writes."""

import pytest

from slimgate.core.checks.unpacked_size import check
from slimgate.core.image import ImageFacts, Size
from slimgate.core.policy import Limit
from tests.core.make import DENY, UNKNOWN, brief, image, layer, limiting, one

POLICY = limiting(unpacked_size=Limit(deny=100))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (image(layer(1, 1, 60), layer(2, 1, 40)), []),
        (image(layer(1, 1, 60), layer(2, 1, 41)), [(DENY, 101, 100)]),
        (image(layer(1, 1, Size.unknown("zstd"))), [(UNKNOWN, None, None)]),
        (image(layer(1, 10**9, 1)), []),
    ],
    ids=["at the limit", "a byte above", "unknown", "large to pull"],
)
def test_unpacked_size(facts: ImageFacts, expected: list[tuple[object, ...]]) -> None:
    """The sum of the uncompressed layers is compared, and nothing of what is to pull."""
    assert brief(check(POLICY, one(facts))) == expected


def test_without_limit() -> None:
    """Without the limit nothing is found."""
    assert brief(check(limiting(), one(image(1)))) == []
