"""limits.unpackedSize: what the snapshotter writes."""

import pytest

from slimgate.core.images.facts import ImageFacts, Size, SizeEvidence
from slimgate.core.policies import ways
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


ESTIMATE = layer(8, 1, Size.estimated(60))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (image(layer(1, 1, 100)), []),
        (image(ESTIMATE), [(UNKNOWN, None, None)]),
        (image(ESTIMATE, layer(1, 1, 41)), [(DENY, 101, 100)]),
        (image(layer(1, 1, Size.unknown("a bomb", at_least=101))), [(DENY, 101, 100)]),
        (image(ZSTD), [(UNKNOWN, None, None)]),
    ],
    ids=["measured", "an estimate", "an estimate above", "a bound above", "unknown"],
)
def test_a_measured_size_is_asked_for(facts: ImageFacts, expected: list[object]) -> None:
    """Of an estimate it is certain only that there is as much."""
    policy = limiting(unpacked_size=Limit(deny=100, evidence=SizeEvidence.MEASURED))
    assert brief(CHECK.find(policy, one(facts))) == expected


def test_what_is_to_be_measured_is_waited_for() -> None:
    """No other image helps, and time does."""
    policy = limiting(unpacked_size=Limit(deny=100, evidence=SizeEvidence.MEASURED))
    assert [found.way for found in CHECK.find(policy, one(image(ESTIMATE)))] == [ways.BUSY]
    assert [found.way for found in CHECK.find(policy, one(image(ZSTD)))] == [None]


def test_how_a_size_is_known() -> None:
    """The finding says so, of a sum what is known worst."""
    measured = Size.unknown("a bomb", at_least=101, evidence=SizeEvidence.MEASURED)
    sizes = [Size.measured(101), Size.estimated(101), Size.unknown("", at_least=101), measured]
    cases = [image(layer(1, 1, size)) for size in sizes] + [image(ESTIMATE, layer(1, 1, 90))]
    found = [next(CHECK.find(POLICY, one(facts))).size_evidence for facts in cases]

    estimated = SizeEvidence.ESTIMATED
    assert found == [SizeEvidence.MEASURED, estimated, estimated, SizeEvidence.MEASURED, estimated]


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
