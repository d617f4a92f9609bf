"""Comparing with limits: the edges, the largest platform, and what is not known."""

import pytest

from slimgate.core.checks.measure import against, grade
from slimgate.core.finding import Outcome
from slimgate.core.image import ImageFacts, Size
from slimgate.core.policy import Limit
from tests.core.make import (
    AMD64,
    ARM64,
    DENY,
    UNKNOWN,
    WARN,
    WEB,
    brief,
    image,
    limiting,
)

BOTH = Limit(warn=10, deny=20)
POLICY = limiting()
AMD, ARM = image(platform=AMD64), image(platform=ARM64)
LOST = Size.unknown("lost")


@pytest.mark.parametrize(
    ("limit", "value", "expected"),
    [
        (BOTH, 0, (Outcome.ALLOW, None)),
        (BOTH, 10, (Outcome.ALLOW, None)),
        (BOTH, 11, (WARN, 10)),
        (BOTH, 20, (WARN, 10)),
        (BOTH, 21, (DENY, 20)),
        (Limit(warn=10), 10**30, (WARN, 10)),
        (Limit(deny=20), 20, (Outcome.ALLOW, None)),
        (Limit(deny=20), 21, (DENY, 20)),
        (Limit(warn=20, deny=20), 21, (DENY, 20)),
        (Limit(deny=0), 0, (Outcome.ALLOW, None)),
    ],
)
def test_grade(limit: Limit, value: int, expected: tuple[Outcome, int | None]) -> None:
    """A value as large as a limit passes, and one more violates it."""
    assert grade(limit, value) == expected


CASES = [
    ("nothing", [], []),
    ("within", [(AMD, Size.known(10))], []),
    ("above", [(AMD, Size.known(21))], [(DENY, 21, 20)]),
    ("the largest counts", [(AMD, Size.known(15)), (ARM, Size.known(30))], [(DENY, 30, 20)]),
    ("in any order", [(AMD, Size.known(30)), (ARM, Size.known(15))], [(DENY, 30, 20)]),
    ("unknown", [(AMD, LOST)], [(UNKNOWN, None, None)]),
    ("unknown, else within", [(AMD, LOST), (ARM, Size.known(1))], [(UNKNOWN, None, None)]),
    (
        "unknown, else a warning",
        [(AMD, LOST), (ARM, Size.known(11))],
        [(UNKNOWN, None, None), (WARN, 11, 10)],
    ),
    ("unknown, else a denial", [(AMD, LOST), (ARM, Size.known(21))], [(DENY, 21, 20)]),
]


@pytest.mark.parametrize(
    ("measured", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_against(
    measured: list[tuple[ImageFacts | None, Size]], expected: list[tuple[object, ...]]
) -> None:
    """One value above a limit decides; a denial needs no more to be known."""
    assert brief(against(POLICY, "pullSize", BOTH, measured, WEB)) == expected


def test_findings_say_of_what() -> None:
    """A finding names policy, check, place and the image for the platform that violates."""
    (found,) = against(POLICY, "x", BOTH, [(AMD, Size.known(1)), (ARM, Size.known(30))], WEB)
    (unknown,) = against(POLICY, "x", BOTH, [(AMD, Size.known(1)), (ARM, LOST)], WEB)

    assert (found.policy, found.check, found.use, found.image) == ("default", "x", WEB, ARM)
    assert (unknown.image, unknown.reason) == (ARM, "lost")
