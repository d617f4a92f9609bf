"""Fields of policies and exceptions: what is read, and what is said of the rest."""

from collections.abc import Callable

import pytest

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.fields import list_of, object_of, text_of, texts_of


def test_what_is_right() -> None:
    """What is of the right type is given back."""
    assert object_of({"a": 1}, "p") == {"a": 1}
    assert text_of("a", "p") == "a"
    assert texts_of(["a", "b"], "p") == ("a", "b")
    assert list_of([1], "p") == [1]


def test_null_is_absent() -> None:
    """The API server drops nulls, so a file may hold them too."""
    assert object_of({"a": None, "b": 0}, "p", frozenset({"a", "b"})) == {"b": 0}
    assert texts_of(None, "p") == ()
    assert list_of(None, "p") == []


@pytest.mark.parametrize(
    ("read", "raw", "message"),
    [
        (object_of, [], "p: must be an object."),
        (object_of, None, "p: must be an object."),
        (text_of, 1, "p: must be text."),
        (text_of, None, "p: must be text."),
        (texts_of, "a", "p: must be a list."),
        (texts_of, ["a", None], "p[1]: must be text."),
        (list_of, {}, "p: must be a list."),
    ],
)
def test_what_is_wrong(read: Callable[[object, str], object], raw: object, message: str) -> None:
    """What is of another type is refused, and its path is named."""
    with pytest.raises(InvalidPolicyError) as caught:
        read(raw, "p")

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"c": 1}, "p.c: is no field of it; the fields are a, b."),
        ({1: 1}, "p.1: is no field of it; the fields are a, b."),
        ({"\x1b": 1}, "p.\\x1b: is no field of it; the fields are a, b."),
    ],
)
def test_other_fields(raw: object, message: str) -> None:
    """A field that there is not is refused, and those that there are are named."""
    with pytest.raises(InvalidPolicyError) as caught:
        object_of(raw, "p", frozenset({"b", "a"}))

    assert str(caught.value) == message
