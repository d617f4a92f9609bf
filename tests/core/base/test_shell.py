"""Which commands a RUN's text calls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.base.shell import MAX_EXPANDED, Budget, commands


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b && c || d; e | f", [("a", "b"), ("c",), ("d",), ("e",), ("f",)]),
        ("echo 'a && b' \"c; d\"", [("echo", "a && b", "c; d")]),
        ("X=1 Y=2 a", [("a",)]),
        ("x='p q'; a $x ${x}r '$x'", [("a", "p", "q", "p", "qr", "$x")]),
        ("a \\\n b\nc", [("a", "b"), ("c",)]),
        ("if a; then b; fi", [("a",), ("b",)]),
        ("(a; { b; })", [("a",), ("b",)]),
        ("a # b; c\nd", [("a",), ("d",)]),
        ("a $HOME $unset", [("a", "/root", "$unset")]),
        ("a\\ b 'open", [("a b", "open")]),
    ],
)
def test_commands_are_told_from_what_they_are_told_to_print(
    text: str, expected: list[tuple[str, ...]]
) -> None:
    """Quotes hide separators, assignments stand before commands, variables expand."""
    assert expected == [one.words for one in commands(text, {"HOME": "/root"}, Budget())]


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    """No text breaks the reader."""
    assert all(one.words for one in commands(text, {}, Budget()))


def test_variables_come_to_no_more_than_a_budget() -> None:
    """What would grow without end stays as it is written."""
    text = f"x='{'a ' * 2_000}'; case a in b) x=b;; esac; {'y $x; ' * 2_000}"

    words = [word for one in commands(text, {}, Budget()) for word in one.words]

    assert sum(map(len, words)) < 2 * MAX_EXPANDED
