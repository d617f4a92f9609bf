"""What the API server itself makes of BaseImages, and whether slimgate reads the same."""

from collections.abc import Mapping

import pytest

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.policies.base_image import parse_base_image
from tests.manifests.resources import Try, base_image

pytestmark = pytest.mark.lab

Spec = Mapping[str, object]
GOLDEN = "registry.example.com:5000/golden/go:1.26"


@pytest.mark.parametrize(
    "spec",
    [
        {"references": [GOLDEN]},
        {"references": [GOLDEN, "alpine", f"docker.io/library/golang@sha256:{'a' * 64}"]},
        {"references": [f"r.example.com/a:{n}" for n in range(32)], "tier": "Distroless"},
    ],
    ids=["one", "forms", "many"],
)
def test_good_ones_are_accepted(create: Try, spec: Spec) -> None:
    """By the API server and by slimgate alike."""
    answer = create(base_image(spec))

    assert answer.accepted, answer.text
    assert parse_base_image(base_image(spec)).references


@pytest.mark.parametrize(
    ("spec", "path", "says"),
    [
        ({}, "spec.references", "Required value"),
        ({"references": []}, "spec.references", "at least 1 item"),
        ({"references": [f"a:{n}" for n in range(33)]}, "spec.references", "at most 32 items"),
        ({"references": ["https://a.example.com/b"]}, "spec.references[0]", "without scheme"),
        ({"references": ["a b"]}, "spec.references[0]", "without scheme and spaces"),
        ({"references": [""]}, "spec.references[0]", "at least 1 char"),
        ({"references": [1]}, "spec.references[0]", "must be of type string"),
        ({"references": [GOLDEN], "tier": "distroless"}, "spec.tier", "Unsupported value"),
        ({"references": [GOLDEN], "name": "golden"}, "spec.name", "unknown field"),
    ],
)
def test_bad_ones_are_refused(create: Try, spec: Spec, path: str, says: str) -> None:
    """By the API server, with the field and a reason, and by slimgate alike."""
    answer = create(base_image(spec))

    assert not answer.accepted
    assert path in answer.text
    assert says in answer.text
    with pytest.raises(InvalidPolicyError):
        parse_base_image(base_image(spec))


def test_references_are_unique(create: Try) -> None:
    """A reference that is there twice is a mistake."""
    answer = create(base_image({"references": [GOLDEN, GOLDEN]}))

    assert not answer.accepted
    assert 'spec.references[1]: Duplicate value: "registry.example.com' in answer.text
