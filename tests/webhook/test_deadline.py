"""How long an answer may take, by the URL's timeout."""

import pytest

from slimgate.webhook.deadline import Deadline

DEADLINE = Deadline(default_seconds=8.0, margin_seconds=0.5)


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        ("10s", 9.5),
        ("5s", 4.5),
        ("2s", 1.5),
        ("1s", 0.75),
        ("500ms", 0.375),
        ("1.5s", 1.125),
        ("30s", 29.5),
        ("1m0s", 29.5),
        ("2m", 29.5),
        ("99999s", 29.5),
    ],
)
def test_duration(timeout: str, seconds: float) -> None:
    """A margin is left, never more than a quarter, and nothing takes longer than 30 s."""
    assert DEADLINE.seconds(timeout) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "timeout",
    [None, "", "0s", "0m", "-1s", "5", "s", "inf", "5h", "5s5s", " 5s", "\u0665s", "9" * 99],
)
def test_no_duration(timeout: str | None) -> None:
    """What is no duration is as if it were not there."""
    assert DEADLINE.seconds(timeout) == pytest.approx(7.5)
