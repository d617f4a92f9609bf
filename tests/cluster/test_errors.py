"""What the API server's refusals become: a class to act on, a sentence to read, nothing secret."""

import json

import pytest

from slimgate.cluster.errors import (
    ApiError,
    ConflictError,
    ExistsError,
    ForbiddenError,
    GoneError,
    NoSuchObjectError,
    UnreachableError,
    error_of,
    event_error,
)
from slimgate.core.errors import ClusterError


def status(message: str, **more: object) -> bytes:
    """Write a Status."""
    return json.dumps({"kind": "Status", "message": message, **more}).encode()


TERMINATING = {"causes": [{"reason": "NamespaceTerminating", "field": "metadata.namespace"}]}
CASES: list[tuple[int, bytes, type[ApiError], str]] = [
    (401, status("Unauthorized"), ApiError, "does not accept the credentials"),
    (403, status("u cannot get x"), ForbiddenError, "a right is missing: u cannot get x; grant"),
    (403, status("webhook says no"), ForbiddenError, "forbids it: webhook says no"),
    (403, status("it is going", details=TERMINATING), NoSuchObjectError, "is being deleted"),
    (404, status("x not found", details={"name": "x"}), NoSuchObjectError, "no such object: x not"),
    (404, b"404 page not found", NoSuchObjectError, "does not know /p; is the Custom"),
    (409, status("x", reason="AlreadyExists"), ExistsError, "already has it: x"),
    (409, status("x", reason="Conflict"), ConflictError, "was replaced meanwhile: x"),
    (410, status("too old", reason="Expired"), GoneError, "no longer has what was asked"),
    (422, status("x", details={"causes": [{"field": "spec"}]}), ApiError, "refuses it: x"),
    (
        422,
        status("x", details={"causes": [{"field": "metadata.uid"}]}),
        ConflictError,
        "was replaced meanwhile",
    ),
    (429, status("slow down"), UnreachableError, "failed to serve /p: slow down; try again"),
    (500, b"<html>", UnreachableError, "failed to serve /p: it answered 500"),
    (503, b'"text"', UnreachableError, "it answered 503"),
    (418, b'{"kind": "Pot", "message": "secret"}', ApiError, "refuses it: it answered 418"),
    (400, b"[" * 100_000, ApiError, "it answered 400"),
    (400, status("a{0}{b}"), ApiError, "refuses it: a{0}{b}"),
    (400, status("a\x1b[31m\n" + "b" * 10_000), ApiError, r"refuses it: a\x1b[31m\nb"),
]


@pytest.mark.parametrize(("code", "body", "kind", "expected"), CASES)
def test_refusals(code: int, body: bytes, kind: type[ApiError], expected: str) -> None:
    """Each refusal has its class and its sentence, on one line, of bounded length."""
    error = error_of(code, body, path="/p")

    assert type(error) is kind
    assert expected in str(error)
    assert error.status == code
    assert isinstance(error, ClusterError)
    assert "secret" not in str(error)
    assert "\n" not in str(error)
    assert len(str(error)) < 1_200


def test_temporary() -> None:
    """Only what may pass by itself is temporary."""
    temporary = {type(error_of(code, b"", path="/p")).temporary for code in (429, 500, 503)}
    lasting = {type(error_of(code, b"", path="/p")).temporary for code in (401, 403, 404, 422)}

    assert (temporary, lasting) == ({True}, {False})


def test_events_of_a_watch() -> None:
    """An ERROR event is the refusal that its Status tells; without a code the server failed."""
    gone = event_error({"kind": "Status", "code": 410, "message": "too old"}, path="/p")
    odd = event_error({"kind": "Status", "message": "x"}, path="/p")

    assert isinstance(gone, GoneError)
    assert isinstance(odd, UnreachableError)
