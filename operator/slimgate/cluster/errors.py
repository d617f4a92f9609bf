"""What can go wrong between slimgate and the Kubernetes API server, as sentences.

Of a refusal's body only `message` of a Status is kept: it names kinds, objects and rights, and
never holds what an object contains, secrets least of all.
"""

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final, cast

from slimgate.core.errors import ClusterError, MissingError
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.core.text import printable

_MESSAGE_LENGTH: Final = 512
_RIGHT_MARK: Final = " cannot "
_TERMINATING: Final = "NamespaceTerminating"
_UID: Final = "metadata.uid"


class ApiError(ClusterError):
    """The API server refused; `status` is that of HTTP, 0 where there was no answer at all."""

    temporary = False

    def __init__(
        self, message: str, *, status: int = 0, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


class OversizedError(ApiError):
    """The API server answers with more than is read."""


class UnreachableError(ApiError):
    """The API server can't be reached, is overloaded, or failed on its side."""

    temporary = True


class NoSuchObjectError(ApiError, MissingError):
    """The API server says that there is none."""


class ExistsError(ApiError):
    """An object of that name exists already."""


class ConflictError(ApiError):
    """The object is not the one that the change was meant for."""


class ForbiddenError(ApiError):
    """Slimgate lacks a right, which the message names."""


class GoneError(ApiError):
    """The version or page asked for is no longer kept: list again."""


class MalformedSecretError(ClusterError):
    """A pull secret can't be read; the message names it, and holds nothing of it."""


_SENTENCES: Final[Mapping[int, tuple[type[ApiError], str]]] = {
    HTTPStatus.UNAUTHORIZED: (
        ApiError,
        "the API server does not accept the credentials; log in again, or check the user's token",
    ),
    HTTPStatus.NOT_FOUND: (NoSuchObjectError, "the API server has no such object: {}"),
    HTTPStatus.CONFLICT: (ConflictError, "the object has changed or was replaced meanwhile: {}"),
    HTTPStatus.GONE: (GoneError, "the API server no longer has what was asked for: {}"),
}


def error_of(
    status: int, body: bytes, *, path: str, headers: Mapping[str, str] | None = None
) -> ApiError:
    """Make the error for an answer that is no success."""
    answer = _status(body)
    kind, sentence = _judge(status, answer, printable(path))
    kept = {name: value for name, value in (headers or {}).items() if name.lower() == "retry-after"}
    return kind(sentence, status=status, headers=kept)


def event_error(status: JsonObject, *, path: str) -> ApiError:
    """Make the error for an ERROR event of a watch, whose object is a Status."""
    code = status.get("code")
    return error_of(
        code if isinstance(code, int) else HTTPStatus.INTERNAL_SERVER_ERROR,
        json.dumps(dict(status)).encode(),
        path=path,
    )


def _judge(status: int, answer: JsonObject, path: str) -> tuple[type[ApiError], str]:
    said = printable(text_at(answer, "message"), _MESSAGE_LENGTH) or f"it answered {status}"
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(answer, said)
    if status == HTTPStatus.NOT_FOUND and not mapping_at(answer, "details"):
        return NoSuchObjectError, (
            f"the API server does not know {path}; is the CustomResourceDefinition installed?"
        )
    if status == HTTPStatus.CONFLICT and text_at(answer, "reason") == "AlreadyExists":
        return ExistsError, f"the API server already has it: {said}"
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return UnreachableError, f"the API server failed to serve {path}: {said}; try again"
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and _UID in _fields(answer):
        status = HTTPStatus.CONFLICT
    kind, sentence = _SENTENCES.get(status, (ApiError, "the API server refuses it: {}"))
    return kind, sentence.format(said)


def _forbidden(answer: JsonObject, said: str) -> tuple[type[ApiError], str]:
    if any(text_at(cause, "reason") == _TERMINATING for cause in _causes(answer)):
        return NoSuchObjectError, f"the namespace is being deleted: {said}"
    if _RIGHT_MARK in said:
        return ForbiddenError, f"a right is missing: {said}; grant it with a Role or ClusterRole"
    return ForbiddenError, f"the API server forbids it: {said}"


def _causes(answer: JsonObject) -> Iterator[JsonObject]:
    return objects_at(mapping_at(answer, "details"), "causes")


def _fields(answer: JsonObject) -> set[str]:
    return {text_at(cause, "field") for cause in _causes(answer)}


def _status(body: bytes) -> JsonObject:
    try:
        root: object = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    answer = cast("JsonObject", root) if isinstance(root, dict) else {}
    return answer if text_at(answer, "kind") == "Status" else {}
