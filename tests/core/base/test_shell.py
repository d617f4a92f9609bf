"""Which commands a RUN's text calls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.base.budget import MAX_EXPANDED, Budget
from slimgate.core.base.shell import FROM_FILE, UNREAD, commands


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
        ("x=(p 'q'); x+=(r); a ${x[@]}", [("a", "p", "q", "r")]),
        ("a ${x:-p q} ${HOME:-r} ${y-}", [("a", "p", "q", "/root")]),
        ("f() { a $x; }; x=1; f; b f", [("a", "1"), ("b", "f")]),
        ("function f { a; }; g() { f; }; g", [("f",)]),
        ("f() { a; ", []),
        ("cat <<E > x\na\nE\nb", [("cat", ">", "x"), ("b",)]),
        ("sh <<-'E'\na\nE\nb", [("a",), ("b",)]),
        ("export x=1; a $x", [("export", "x=1"), ("a", "1")]),
        ("p | read x; a $x", [("p",), ("read", "x"), ("a", UNREAD)]),
        ("read -r x < f; a $x", [("read", "-r", "x", "<", "f"), ("a", FROM_FILE)]),
        ("echo p | xargs -n1 a; b | xargs a", [("echo", "p"), ("a", "p"), ("b",), ("a", UNREAD)]),
    ],
)
def test_commands_are_told_from_what_they_are_told_to_print(
    text: str, expected: list[tuple[str, ...]]
) -> None:
    """Quotes hide separators, assignments stand before commands, variables expand."""
    assert expected == [one.words for one in commands(text, {"HOME": "/root"}, Budget())]


_PIECES = st.sampled_from(
    [
        "a",
        "f",
        "x=",
        "$x",
        "${",
        "}",
        "{",
        "(",
        ")",
        "<<E",
        "E",
        "|",
        ";",
        "if",
        "fi",
        "'",
        '"',
        "\\",
        "xargs",
        "for",
        "in",
        "read",
        "&&",
        "\n",
        " ",
    ]
)


@given(st.text() | st.lists(_PIECES, max_size=60).map("".join))
def test_any_text_is_read(text: str) -> None:
    """No text breaks the reader."""
    assert all(one.words for one in commands(text, {}, Budget()))


def test_variables_come_to_no_more_than_a_budget() -> None:
    """What would grow without end stays as it is written."""
    text = f"x='{'a ' * 2_000}'; case a in b) x=b;; esac; {'y $x; ' * 2_000}"

    words = [word for one in commands(text, {}, Budget()) for word in one.words]

    assert sum(map(len, words)) < 2 * MAX_EXPANDED
