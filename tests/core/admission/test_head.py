"""What is read of a review that is too large."""

import json

import pytest

from slimgate.core.admission.head import MAX_HEAD, fields_before_objects, workload_named

FIELDS = {
    "uid": "u1",
    "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
    "namespace": "shop",
    "name": "web",
    "operation": "UPDATE",
    "userInfo": {"username": 'a "object": b', "extra": {"object": ["\u00e9"]}},
}


def written(request: dict[str, object], indent: int | None = None) -> bytes:
    """Write a review as API servers do, or with space."""
    kind = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}
    return json.dumps({**kind, "request": request}, indent=indent).encode()


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("large", ["object", "oldObject"])
def test_all_before_the_objects_is_read(large: str, indent: int | None) -> None:
    """Whatever users are called, and though the object is cut."""
    body = written({**FIELDS, large: {"a": "x" * 2 * MAX_HEAD}, "dryRun": True}, indent)

    assert fields_before_objects(body) == FIELDS


WHOLE = written({**FIELDS, "object": {}})


@pytest.mark.parametrize("end", range(0, len(WHOLE), 7))
def test_what_is_cut_is_read_so_far(end: int) -> None:
    """Each field is whole, or is not there."""
    assert fields_before_objects(WHOLE[:end]).items() <= FIELDS.items()


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"null", b'{"request": []}', b'{"request": {', b"{" * 9_999, b"\xff"],
)
def test_what_is_no_review_has_nothing(body: bytes) -> None:
    """Nothing is made up."""
    assert fields_before_objects(body) == {}


def test_what_is_named_is_a_workload() -> None:
    """By its kind, of which it is known that it has a pod template, or that it has none."""
    found = workload_named(FIELDS, "too large")
    assert found is not None
    assert (str(found), found.excess) == ("deployment shop/web", "too large")
    assert workload_named({**FIELDS, "kind": {"kind": "ConfigMap"}}, "too large") is None
