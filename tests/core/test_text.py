"""Texts from outside: nothing in them acts on a terminal, a log or a reader's eye."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.text import cut, nearest, printable

UNSAFE = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain ~ text", "plain ~ text"),
        ("größer 大 🐳", "größer 大 🐳"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\x00\x7f\x9b", "\\x00\\x7f\\x9b"),
        ("\u202egpj", "\\u202egpj"),
        ("a\u200bb\u2028c\ufeff", "a\\u200bb\\u2028c\\ufeff"),
        ("\ud800", "\\ud800"),
        ("\ue000\U000e0041", "\\ue000\\U000e0041"),
    ],
    ids=ascii,
)
def test_escapes(text: str, expected: str) -> None:
    """What can be seen stays as it is, everything else is spelled out."""
    assert printable(text) == expected


@given(st.text(alphabet=st.characters(), max_size=100), st.integers(1, 60))
def test_is_short_and_safe(text: str, limit: int) -> None:
    """No character of an unsafe kind is left, and no more characters than asked for."""
    shown = printable(text, limit)

    assert not {unicodedata.category(char) for char in shown} & UNSAFE
    assert len(shown) <= limit
    assert printable(shown, limit) == shown
    assert shown.encode().decode() == shown


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("\x00b", 5, "\\x00b"), ("\x00bc", 5, "\\x00…")],
)
def test_is_cut(text: str, limit: int, expected: str) -> None:
    """A text that is too long says so by its last character; escapes count as they are shown."""
    assert printable(text, limit) == expected


def test_cut_takes_text_as_it_is() -> None:
    """Cutting alone escapes nothing: it is for texts made here."""
    assert cut("a\nbcd", 4) == "a\nb…"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("plainHttp", "plainHTTP"),
        ("plain-http", "plainHTTP"),
        ("cafile", "caFile"),
        ("caFiles", "caFile"),
        ("host", "host"),
        ("xyz", None),
        ("", None),
        ("host" * 10**6, None),
    ],
    ids=lambda word: str(word)[:12],
)
def test_nearest(word: str, expected: str | None) -> None:
    """The word that is most like it is found, whatever its case; none where none is like it."""
    assert nearest(word, ["host", "plainHTTP", "caFile"]) == expected
