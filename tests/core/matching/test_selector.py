"""Label selectors: the same answers as Kubernetes gives, and every mistake named."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.matching.selector import parse_selector
from tests.core.make import json_of

LABELS = {"app": "web", "tier": "front"}


def requirement(operator: str, *values: str, key: str = "app") -> dict[str, object]:
    """Make one expression."""
    entry: dict[str, object] = {"key": key, "operator": operator}
    return {**entry, "values": list(values)} if values else entry


EXPRESSIONS = [
    (requirement("In", "web", "api"), True),
    (requirement("In", "api"), False),
    (requirement("In", "web", key="none"), False),
    (requirement("NotIn", "api"), True),
    (requirement("NotIn", "web"), False),
    (requirement("NotIn", "web", key="none"), True),
    (requirement("Exists"), True),
    (requirement("Exists", key="none"), False),
    (requirement("DoesNotExist"), False),
    (requirement("DoesNotExist", key="none"), True),
]


@pytest.mark.parametrize(("entry", "expected"), EXPRESSIONS)
def test_expressions(entry: dict[str, object], *, expected: bool) -> None:
    """Every operator is that of metav1.LabelSelector."""
    assert parse_selector({"matchExpressions": [entry]}, "s").matches(LABELS) is expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({}, True),
        ({"matchLabels": {}}, True),
        ({"matchLabels": None, "matchExpressions": None}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "web", "tier": "back"}}, False),
        ({"matchLabels": {"app": "web"}, "matchExpressions": [requirement("Exists")]}, True),
        ({"matchLabels": {"app": "web"}, "matchExpressions": [requirement("In", "x")]}, False),
        ({"matchExpressions": [{**requirement("Exists"), "values": []}]}, True),
        ({"matchLabels": {"none": "web"}}, False),
    ],
)
def test_all_must_hold(raw: dict[str, object], *, expected: bool) -> None:
    """All requirements must hold; no requirement matches everything."""
    assert parse_selector(raw, "s").matches(LABELS) is expected


BROKEN = [
    ([], "s: must be an object."),
    ({"matchlabels": {}}, "s.matchlabels: is not a field. Did you mean matchLabels?"),
    ({"matchLabels": []}, "s.matchLabels: must be an object."),
    ({"matchLabels": {"app": 1}}, "s.matchLabels.app: must be text."),
    ({"matchLabels": {"app": True}}, "s.matchLabels.app: must be text."),
    ({"matchLabels": {"app": "a" * 64}}, "s.matchLabels.app: must not have more than 63 charac"),
    ({"matchLabels": {f"l{i}": "" for i in range(33)}}, "s.matchLabels: must not have more than "),
    ({"matchExpressions": [requirement("Exists")] * 33}, "s.matchExpressions: must not have more"),
    ({"matchExpressions": {}}, "s.matchExpressions: must be a list."),
    ({"matchExpressions": ["x"]}, "s.matchExpressions[0]: must be an object."),
    (
        {"matchExpressions": [requirement("Exists"), {}]},
        "s.matchExpressions[1].key: is required.",
    ),
    ({"matchExpressions": [requirement("Exists", key="")]}, "[0].key: is required."),
    (
        {"matchExpressions": [requirement("Gt", "1")]},
        "s.matchExpressions[0].operator: must be one of In, NotIn, Exists, DoesNotExist.",
    ),
    ({"matchExpressions": [{"key": "a"}]}, "[0].operator: must be one of In, NotIn, "),
    ({"matchExpressions": [requirement("In")]}, "[0].values: In needs at least one value."),
    ({"matchExpressions": [requirement("NotIn")]}, "[0].values: NotIn needs at least one value."),
    ({"matchExpressions": [requirement("Exists", "a")]}, "[0].values: Exists takes no values."),
    (
        {"matchExpressions": [{**requirement("In"), "values": "web"}]},
        "s.matchExpressions[0].values: must be a list.",
    ),
    (
        {"matchExpressions": [{**requirement("In"), "values": ["web", 1]}]},
        "s.matchExpressions[0].values[1]: must be text.",
    ),
    ({"matchExpressions": [{**requirement("Exists"), "x": 1}]}, "[0].x: is not a field."),
]


@pytest.mark.parametrize(("raw", "message"), BROKEN, ids=[message for _, message in BROKEN])
def test_broken(raw: object, message: str) -> None:
    """A mistake never makes a selector that matches more: it is refused with its path."""
    with pytest.raises(InvalidPolicyError) as caught:
        parse_selector(raw, "s")

    assert message in str(caught.value)
    assert str(caught.value).startswith(caught.value.path)


FIELDS = ("matchLabels", "matchExpressions", "key", "operator", "values")


@given(json_of(*FIELDS, leaves=st.sampled_from(["In", "Exists", "app", "web"])))
def test_only_one_kind_of_error(raw: object) -> None:
    """Whatever stands there is a selector, or an InvalidPolicyError."""
    with suppress(InvalidPolicyError):
        parse_selector(raw, "s").matches(LABELS)
