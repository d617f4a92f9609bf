"""Label selectors of a command line: kubectl's own syntax, and every mistake named."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.errors import InvalidSelectorError
from slimgate.core.matching.selector import Requirement, Selector
from slimgate.core.matching.selector_text import read_selector


def requirement(key: str, operator: str, *values: str) -> Requirement:
    """Make one expression."""
    return Requirement(key, operator, frozenset(values))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ", []),
        ("app=web", [requirement("app", "In", "web")]),
        ("app==web", [requirement("app", "In", "web")]),
        ("app = web", [requirement("app", "In", "web")]),
        ("app=", [requirement("app", "In", "")]),
        ("app!=web", [requirement("app", "NotIn", "web")]),
        ("app", [requirement("app", "Exists")]),
        ("!app", [requirement("app", "DoesNotExist")]),
        ("! app", [requirement("app", "DoesNotExist")]),
        ("app in (a,b)", [requirement("app", "In", "a", "b")]),
        ("app in(a , b)", [requirement("app", "In", "a", "b")]),
        ("app notin (a)", [requirement("app", "NotIn", "a")]),
        ("app in ()", [requirement("app", "In", "")]),
        ("app in (a,)", [requirement("app", "In", "a", "")]),
        ("in in (in)", [requirement("in", "In", "in")]),
        (
            "example.com/a.b_c=X-1,!b,c notin (d)",
            [
                requirement("example.com/a.b_c", "In", "X-1"),
                requirement("b", "DoesNotExist"),
                requirement("c", "NotIn", "d"),
            ],
        ),
        ("x" * 63, [requirement("x" * 63, "Exists")]),
    ],
)
def test_selectors(text: str, expected: list[Requirement]) -> None:
    """Equality, sets and presence are read, with blanks where kubectl takes them."""
    assert read_selector(text) == Selector(tuple(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app web", "'web' follows the key 'app'"),
        ("=web", "'=' is not a label key"),
        (",", "',' is not a label key"),
        ("a=b c", "requirements are joined by commas"),
        ("a in b", "the values of in and notin need parentheses"),
        ("a in (b", "a closing parenthesis is missing"),
        ("a in", "the values of in and notin need parentheses"),
        ("a>1", "'>' follows the key 'a'"),
        ("-a", "'-a' is not a label key"),
        ("A/b", "'A/b' is not a label key"),
        ("a/b/c", "'a/b/c' is not a label key"),
        ("x" * 64, "is not a label key"),
        ("a=b/c", "'b/c' is not a label value"),
        ("a=" + "x" * 64, "is not a label value"),
        ("a,", "'' is not a label key"),
        ("!", "'' is not a label key"),
        ("a" * 5000, "longer than 4096"),
        ("a=\x1b[2J", "is not a label value"),
    ],
)
def test_mistakes(text: str, expected: str) -> None:
    """A mistake is named in one line that is safe to print, with an example of how it is done."""
    with pytest.raises(InvalidSelectorError, match=re.escape(expected)) as caught:
        read_selector(text)

    assert str(caught.value).isprintable()
    assert "app=web" in str(caught.value)


@given(st.text(st.sampled_from("ab=!,()<> in\x1b"), max_size=30))
def test_any_text(text: str) -> None:
    """Any text gives a selector or the one error."""
    with suppress(InvalidSelectorError):
        read_selector(text).matches({"a": "b"})


NAMES = st.from_regex(r"[a-z]([-a-z]{0,5}[a-z])?", fullmatch=True)


@given(
    st.lists(
        st.one_of(
            st.tuples(NAMES, st.sampled_from(["=", "==", "!="]), NAMES).map("".join),
            st.tuples(NAMES, st.sampled_from(["in", "notin"]), st.lists(NAMES, min_size=1)).map(
                lambda parts: f"{parts[0]} {parts[1]} ({','.join(parts[2])})"
            ),
            NAMES,
            NAMES.map("!{}".format),
        )
    )
)
def test_joined(parts: list[str]) -> None:
    """A joined selector holds where each of its parts holds."""
    labels = {"a": "a", "b": "c"}

    assert read_selector(",".join(parts)).matches(labels) == all(
        read_selector(part).matches(labels) for part in parts
    )
