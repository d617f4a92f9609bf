"""The file's text: what is not one plain YAML object is refused, with its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.errors import SettingsError
from slimgate.settings.document import parse_document


def test_objects() -> None:
    """YAML and JSON give the same."""
    expected = {"a": 1, "b": [{"c": "d"}]}

    assert parse_document("a: 1\nb:\n- c: d\n") == expected
    assert parse_document('{"a": 1, "b": [{"c": "d"}]}') == expected
    assert parse_document("# a comment\n") == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a", "must be an object: begin with apiVersion and kind"),
        ("text", "must be an object: begin with apiVersion and kind"),
        ("a: 1\nb: 2\na: 3\n", "line 3: the key a is there twice"),
        ("b:\n- {c: 1, c: 2}\n", "line 2: the key c is there twice"),
        ("a: &x 1\nb: *x\n", "line 2: aliases are not supported"),
        ("a: &x {b: 1}\nc: {<<: *x}\n", "line 2: aliases are not supported"),
        ("1: a\n", "line 1: a key must be text"),
        ("true: a\n", "line 1: a key must be text"),
        ("[a]: b\n", "line 1: a key must be text"),
        ("<<: {a: 1}\n", "line 1: a key must be text"),
        ("a: 1\n---\nb: 2\n", "line 2: a second document begins here, and there must be one"),
        ("a: [\n", "line 2: expected the node content"),
        ("a: \tb: c\n", "line 1: found character '\\t' that cannot start any token"),
        ("a: !!python/object:os.system x\n", "line 1: could not determine a constructor"),
        ("a: \x00\n", "is not YAML: unacceptable character #x0000"),
        (f"a: {'9' * 5000}\n", "holds a number or a time that can't be read"),
        ("a: " + "[" * 5000, "is nested too deeply"),
    ],
    ids=lambda one: one[:24],
)
def test_what_is_refused(text: str, expected: str) -> None:
    """The sentence names the line where there is one."""
    with pytest.raises(SettingsError) as caught:
        parse_document(text)

    assert str(caught.value).startswith(expected)
    assert len(str(caught.value).splitlines()) == 1


@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"# \n\t<?,~01")))
def test_nothing_else_is_raised(text: str) -> None:
    """Whatever the text, it is an object or a mistake that is named on one line."""
    try:
        found, said = parse_document(text), ""
    except SettingsError as error:
        found, said = {}, str(error)

    assert isinstance(found, dict)
    assert len(said.splitlines()) <= 1
