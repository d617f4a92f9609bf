"""Comparing with limits: the edges, the largest platform, lower bounds, and the unknown."""

import pytest

from slimgate.core.images.facts import Size
from slimgate.core.policies.checks.measure import Amount, Measured, against, grade
from slimgate.core.policies.finding import Outcome
from slimgate.core.policies.policy import Limit
from tests.core.make import (
    AMD64,
    ARM64,
    DENY,
    UNKNOWN,
    WARN,
    WEB,
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


def exactly(count: int) -> Amount:
    """Make an amount that is known to the byte."""
    return Amount(least=count)


def least(count: int) -> Amount:
    """Make an amount that may be more."""
    return Amount(least=count, exact=False, reason="lost")


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], exactly(0)),
        ([Size.known(3), Size.known(4)], exactly(7)),
        ([LOST], least(0)),
        ([Size.known(3), LOST, Size.known(4)], least(7)),
        ([LOST, Size.unknown("torn")], least(0)),
        ([Size(bytes=None)], Amount(least=0, exact=False)),
    ],
)
def test_sum(sizes: list[Size], expected: Amount) -> None:
    """What is unknown counts as nothing, and the first of it says why there may be more."""
    assert Amount.sum(sizes) == expected


def test_of() -> None:
    """One size is the sum of itself."""
    assert [Amount.of(size) for size in (Size.known(3), LOST)] == [exactly(3), least(0)]


SOFT, HARD = Limit(warn=10), Limit(deny=20)
# What is found: the outcome, whether the value is only the least that there is, value and limit.
WARNED, DENIED = (WARN, False, 15, 10), (DENY, False, 21, 20)
OVER_SOFT, OVER_HARD = (WARN, True, 15, 10), (DENY, True, 21, 20)
ALL_OPEN, HARD_OPEN = (UNKNOWN, False, None, None), (UNKNOWN, False, None, 20)

CASES = [
    ("nothing", BOTH, [], []),
    ("within", BOTH, [(AMD, exactly(10))], []),
    ("above warn", BOTH, [(AMD, exactly(15))], [WARNED]),
    ("above deny", BOTH, [(AMD, exactly(21))], [DENIED]),
    ("the largest counts", BOTH, [(AMD, exactly(15)), (ARM, exactly(21))], [DENIED]),
    ("in any order", BOTH, [(AMD, exactly(21)), (ARM, exactly(15))], [DENIED]),
    # A lower bound, alone:
    ("nothing known", BOTH, [(AMD, least(0))], [ALL_OPEN]),
    ("at least warn", BOTH, [(AMD, least(10))], [ALL_OPEN]),
    ("at least more than warn", BOTH, [(AMD, least(15))], [HARD_OPEN, OVER_SOFT]),
    ("at least deny", BOTH, [(AMD, least(20))], [HARD_OPEN, (WARN, True, 20, 10)]),
    ("at least more than deny", BOTH, [(AMD, least(21))], [OVER_HARD]),
    ("nothing known, warn only", SOFT, [(AMD, least(0))], [ALL_OPEN]),
    ("at least warn, warn only", SOFT, [(AMD, least(10))], [ALL_OPEN]),
    ("above warn, warn only", SOFT, [(AMD, least(15))], [OVER_SOFT]),
    ("nothing known, deny only", HARD, [(AMD, least(0))], [ALL_OPEN]),
    ("at least deny, deny only", HARD, [(AMD, least(20))], [ALL_OPEN]),
    ("above deny, deny only", HARD, [(AMD, least(21))], [OVER_HARD]),
    # Beside another platform that is known:
    ("unknown, else within", BOTH, [(AMD, least(0)), (ARM, exactly(1))], [ALL_OPEN]),
    ("unknown, else a warning", BOTH, [(AMD, least(0)), (ARM, exactly(15))], [HARD_OPEN, WARNED]),
    ("unknown, else a denial", BOTH, [(AMD, least(0)), (ARM, exactly(21))], [DENIED]),
    ("unknown, else all of warn only", SOFT, [(AMD, least(0)), (ARM, exactly(15))], [WARNED]),
    ("the larger bound", BOTH, [(AMD, exactly(15)), (ARM, least(21))], [OVER_HARD]),
    ("the larger value", BOTH, [(AMD, least(15)), (ARM, exactly(21))], [DENIED]),
    ("bounds of both", BOTH, [(AMD, least(21)), (ARM, least(0))], [OVER_HARD]),
    ("an exact one of the same", BOTH, [(AMD, least(21)), (ARM, exactly(21))], [DENIED]),
]


@pytest.mark.parametrize(
    ("limit", "measured", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_against(
    limit: Limit, measured: list[Measured], expected: list[tuple[object, ...]]
) -> None:
    """What is certain violates; the rest is unknown only where it may violate a stricter limit."""
    found = against(POLICY, "pullSize", limit, measured, WEB)

    assert [(f.outcome, f.at_least, f.value, f.limit) for f in found] == expected


def test_findings_say_of_what() -> None:
    """A finding names policy, check, place and the image for the platform that violates."""
    (found,) = against(POLICY, "x", BOTH, [(AMD, exactly(1)), (ARM, exactly(30))], WEB)
    (bound,) = against(POLICY, "x", BOTH, [(AMD, exactly(25)), (ARM, least(30))], WEB)
    (unknown,) = against(POLICY, "x", BOTH, [(AMD, exactly(1)), (ARM, least(0))], WEB)

    assert (found.policy, found.check, found.use, found.image) == ("default", "x", WEB, ARM)
    assert (found.reason, bound.image, bound.reason) == (None, ARM, "lost")
    assert (unknown.image, unknown.reason) == (ARM, "lost")
