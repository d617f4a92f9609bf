"""Fields of policies and exceptions: what is read, and what is said of the rest."""

import re
from collections.abc import Callable

import pytest

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.fields import IMAGE_GLOB, Shape, list_of, object_of, one_of, text_of, texts_of
from tests.core.make import SHA


def test_what_is_right() -> None:
    """What is of the right type is given back."""
    assert object_of({"a": 1}, "p") == {"a": 1}
    assert text_of("a", "p") == "a"
    assert texts_of(["a", "b"], "p") == ("a", "b")
    assert list_of([1], "p") == [1]


def test_null_is_absent() -> None:
    """The API server drops nulls, so a file may hold them too."""
    assert object_of({"a": None, "b": 0}, "p", ("a", "b")) == {"b": 0}
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
        ({"c": 1}, "p.c: is not a field. The fields are abc, xyz."),
        ({"ABD": 1}, "p.ABD: is not a field. Did you mean abc?"),
        ({1: 1}, "p.1: must be text."),
        ({"\x1b": 1}, "p.\\x1b: is not a field. The fields are abc, xyz."),
    ],
)
def test_other_fields(raw: object, message: str) -> None:
    """A field that there is not is refused, and the nearest one is named, or all that there are."""
    with pytest.raises(InvalidPolicyError) as caught:
        object_of(raw, "p", ("xyz", "abc"))

    assert str(caught.value) == message


def test_shapes() -> None:
    """A text has the form that is asked for, in full, and is not longer."""
    shape = Shape(re.compile("a+"), 3, "must be letters a")

    assert text_of("aaa", "p", shape) == "a" * 3
    assert text_of("aaaa", "p", shape.up_to(4)) == "a" * 4
    for text, message in (
        ("aaaa", "must not have more than 3 char"),
        ("aab", "must be letters a."),
    ):
        with pytest.raises(InvalidPolicyError, match=f"^p: {message}"):
            text_of(text, "p", shape)


def test_lists_are_bounded() -> None:
    """A list has so many entries at least and at most, and each text once."""
    assert texts_of(None, "p", least=1) == ()
    assert texts_of([], "p") == ()
    with pytest.raises(InvalidPolicyError, match=r"^p: must not be empty: add an entry or leave"):
        texts_of([], "p", least=1)
    assert texts_of(["a", "b"], "p", most=2) == ("a", "b")
    with pytest.raises(InvalidPolicyError, match=r"^p: must not have more than 2 entries"):
        list_of([1, 2, 3], "p", most=2)
    with pytest.raises(InvalidPolicyError, match=r"^p\[2\]: is listed twice"):
        texts_of(["a", "b", "a"], "p")


def test_one_of() -> None:
    """A word must be one of the choices, and the nearest one is named."""
    choices = {"Deny": 1, "Allow": 2}

    assert one_of("Deny", choices, "p") == 1
    for raw, message in (
        ("deny", "p: must be one of Deny, Allow. Did you mean Deny?"),
        ("x", "p: must be one of Deny, Allow."),
        (None, "p: must be one of Deny, Allow."),
        (["Deny"], "p: must be one of Deny, Allow."),
    ):
        with pytest.raises(InvalidPolicyError) as caught:
            one_of(raw, choices, "p")
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("glob", "good"),
    [
        ("**/legacy:*", True),
        ("registry.example.com:5000/team/**", True),
        (f"nginx@{SHA}", True),
        ("scratch", True),
        ("?", True),
        ("", False),
        ("/a", False),
        ("a/", False),
        ("a//b", False),
        ("a b", False),
        ("[a]", False),
        ("a,b", False),
        ("!a", False),
        ("a\n", False),
        ("GHCR.io/team/app:RC1", True),
        ("**/app@sha256:ABC", True),
        ("**:RC*", True),
        ("ghcr.io/Team/**", False),
        ("*/Team", False),
    ],
)
def test_image_globs(glob: str, *, good: bool) -> None:
    """What can never match a reference is refused."""
    assert bool(IMAGE_GLOB.pattern.fullmatch(glob)) is good
