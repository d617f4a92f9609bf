"""Durations: what Go writes, what is refused, and that writing is the reverse of reading."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.duration import PATTERN, format_duration, parse_duration
from slimgate.core.errors import InvalidDurationError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("2160h", 7_776_000),
        ("2.5s", 2.5),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("1m1ms", 60.001),
        ("1s1m", 61),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    """Units follow their numbers, and add up."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "5", "-5m", "+5m", "5 m", "5M", "5d", "1us", "1ns", ".5s", "5.s", "1e3s", "m",
        "1h30", "1_0s", "inf", "9" * 10 + "s", "1s" * 33, "\N{ARABIC-INDIC DIGIT ONE}s", "5m\n",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_not_one(text: str) -> None:
    """The sentence shows the text and how it is done."""
    with pytest.raises(InvalidDurationError, match=re.escape("as in 1h30m, 5m or 2.5s.")):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (0.0001, "0s"), (0.5, "0.5s"), (15, "15s"), (60, "1m"), (300.0, "5m"),
        (5400, "1h30m"), (86_400, "24h"), (3661.25, "1h1m1.25s"), (59.9999, "1m"),
    ],
)  # fmt: skip
def test_writing(seconds: float, text: str) -> None:
    """The largest units come first, and none that is zero."""
    assert format_duration(seconds) == text


@given(st.integers(0, 10**12))
def test_read_again(milliseconds: int) -> None:
    """What is written is read as the same."""
    assert parse_duration(format_duration(milliseconds / 1000)) == milliseconds / 1000


@given(st.from_regex(PATTERN, fullmatch=True))
def test_the_pattern(text: str) -> None:
    """The pattern for schemas matches nothing that is refused, lengths aside."""
    if len(text) <= 64:
        assert parse_duration(text) >= 0
