"""Values of options: as kubectl takes them, and one plain line for each mistake."""

import math
from collections.abc import Callable
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.cli.shared.forms import FailOn, Output
from slimgate.cli.shared.values import (
    one_of,
    read_count,
    read_namespace,
    read_selection,
    read_several,
    read_timeout,
    words_of,
)
from slimgate.core.errors import SettingsError
from slimgate.core.matching.selector import Requirement, Selector


@pytest.mark.parametrize("output", Output)
def test_one_of(output: Output) -> None:
    """Each word is read, and the default, which is read too, stays what it is."""
    assert one_of("-o", Output)(output.value) is output
    assert one_of("-o", Output)(output) is output


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("xml", "-o takes table, wide, json or yaml, not 'xml'"),
        ("yml", "-o takes table, wide, json or yaml, not 'yml': did you mean yaml?"),
        ("JSON", "-o takes table, wide, json or yaml, not 'JSON': did you mean json?"),
        ("", "-o takes table, wide, json or yaml, not ''"),
        ("\x1b[2J", "-o takes table, wide, json or yaml, not '\\\\x1b[2J'"),
    ],
)
def test_unknown_words(given_: str, expected: str) -> None:
    """A word that an option does not know is answered with those that it knows."""
    with pytest.raises(SettingsError) as caught:
        one_of("-o", Output)(given_)

    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], set()),
        (["warn"], {FailOn.WARN}),
        (["warn,unknown"], {FailOn.WARN, FailOn.UNKNOWN}),
        (["warn", "deny, unknown"], set(FailOn)),
    ],
)
def test_several(texts: list[str], expected: set[Enum]) -> None:
    """Several words stand in one option, between commas, or in several."""
    assert read_several("--fail-on", FailOn, texts) == expected
    assert words_of(FailOn) == ["warn", "deny", "unknown"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30s", 30.0), ("1m30s", 90.0), ("45", 45.0), ("0", math.inf), ("0s", math.inf)],
)
def test_timeouts(text: str, expected: float) -> None:
    """Durations are Go's; as with kubectl a bare number is seconds, and 0 is no limit."""
    assert read_timeout(text) == expected
    assert read_timeout(expected) == expected


NAMES = ["", "Bad Name", "-a", "a-", "a.b", "A", "x" * 64, "../x", "a\n", "\x1b"]
COUNTS = ["0", "-1", "1.5", "x", "", "9" * 5000, "\u0663"]
WRONG: list[tuple[Callable[[str], object], str, list[str]]] = [
    (
        read_timeout,
        r"^--timeout: .* is not a duration",
        ["", "-1", "1.5", "5d", "1e3", "nan", "9" * 400],
    ),
    (read_count("--limit"), r"^--limit takes a whole number from 1 to \d+, not ", COUNTS),
    (read_namespace, r"is not the name of a namespace", NAMES),
]


@pytest.mark.parametrize(("read", "message", "texts"), WRONG, ids=["timeout", "count", "namespace"])
def test_wrong_values(read: Callable[[str], object], message: str, texts: list[str]) -> None:
    """Anything else is refused before anybody is asked, in a line that is safe to print."""
    for text in texts:
        with pytest.raises(SettingsError, match=message) as caught:
            read(text)
        assert str(caught.value).isprintable()


@pytest.mark.parametrize(("text", "expected"), [("1", 1), ("20", 20), ("007", 7)])
def test_counts(text: str, expected: int) -> None:
    """A count is a whole number above zero."""
    assert read_count("--limit")(text) == read_count("--limit")(expected) == expected


@pytest.mark.parametrize("name", ["a", "team-1", "0", "x" * 63])
def test_namespaces(name: str) -> None:
    """Names are those that Kubernetes takes."""
    assert read_namespace(name) == name


def test_selections() -> None:
    """A selector is kubectl's, and a mistake in it names the option."""
    expected = Selector((Requirement("app", "In", frozenset({"web"})),))

    assert read_selection("app=web") == expected
    assert read_selection(None) == Selector()
    with pytest.raises(SettingsError, match=r"^--selector 'a b' is not a label selector"):
        read_selection("a b")


@given(st.text(max_size=30))
def test_any_text(text: str) -> None:
    """Any text gives a value or the one error, in a line that is safe to print."""
    for read in (
        one_of("-o", Output), read_timeout, read_count("--limit"), read_namespace, read_selection
    ):  # fmt: skip
        said = ""
        try:
            read(text)
        except SettingsError as err:
            said = str(err)
        assert not said or said.isprintable()
