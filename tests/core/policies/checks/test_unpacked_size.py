"""limits.unpackedSize: what the snapshotter writes."""

import pytest

from slimgate.core.images.facts import ImageFacts, Size
from slimgate.core.policies.checks.unpacked_size import CHECK
from slimgate.core.policies.policy import Limit
from tests.core.make import (
    ARM64,
    DENY,
    UNKNOWN,
    WEB,
    brief,
    image,
    inspection,
    layer,
    limiting,
    one,
    subject,
)

POLICY = limiting(unpacked_size=Limit(deny=100))
ZSTD = layer(9, 10**9, Size.unknown("zstd"))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (image(layer(1, 1, 60), layer(2, 1, 40)), []),
        (image(layer(1, 1, 60), layer(2, 1, 41)), [(DENY, 101, 100)]),
        (image(ZSTD), [(UNKNOWN, None, None)]),
        (image(ZSTD, layer(1, 1, 100)), [(UNKNOWN, None, None)]),
        (image(ZSTD, layer(1, 1, 60), layer(2, 1, 41)), [(DENY, 101, 100)]),
        (image(layer(1, 10**9, 1)), []),
    ],
    ids=[
        "at the limit",
        "a byte above",
        "unknown",
        "at least all",
        "at least a byte above",
        "pull",
    ],
)
def test_unpacked_size(facts: ImageFacts, expected: list[tuple[object, ...]]) -> None:
    """The sum of the uncompressed layers is compared, and nothing of what is to pull."""
    assert brief(CHECK.find(POLICY, one(facts))) == expected


def test_at_least() -> None:
    """What the known layers unpack to violates, and is told as the least that there is."""
    fat, slim = layer(1, 1, 101), layer(2, 1, 1)
    exact, bound = image(fat), image(fat, ZSTD, platform=ARM64)
    lost = image(ZSTD, slim, platform=ARM64)
    cases = [[exact], [bound], [exact, lost], [image(slim), bound], [lost, bound]]
    found = [next(CHECK.find(POLICY, subject({WEB: inspection(*images)}))) for images in cases]

    assert [(one.outcome, one.value) for one in found] == [(DENY, 101)] * 5
    assert [one.at_least for one in found] == [False, True, False, True, True]
    assert [one.reason for one in found] == [None, "zstd", None, "zstd", "zstd"]


def test_what_an_unknown_layer_is_at_least() -> None:
    """It counts, alone and beside what is known, and says nothing of what is to pull."""
    big = layer(9, 1, Size.unknown("wraps", at_least=101))
    part = layer(8, 1, Size.unknown("wraps", at_least=60))
    cases = [image(big), image(part, layer(1, 1, 41)), image(part, layer(1, 1, 40))]
    found = [next(CHECK.find(POLICY, one(facts))) for facts in cases]

    assert [(one.outcome, one.value) for one in found] == [(DENY, 101)] * 2 + [(UNKNOWN, None)]
    assert [(one.at_least, one.reason) for one in found[:2]] == [(True, "wraps")] * 2
    assert brief(CHECK.find(limiting(pull_size=Limit(deny=100)), one(image(big)))) == []


def test_without_limit() -> None:
    """Without the limit nothing is found."""
    assert brief(CHECK.find(limiting(), one(image(1)))) == []
