"""Reads the fields of policies and exceptions: every mistake is an error that names its path."""

from collections.abc import Mapping

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.text import printable
from slimgate.core.workload import JsonObject


def object_of(raw: object, path: str, known: frozenset[str] | None = None) -> JsonObject:
    """Read an object, with no other fields than the known ones; null is as good as absent.

    The API server drops nulls of custom resources before anyone sees them.
    """
    if not isinstance(raw, Mapping):
        raise InvalidPolicyError(path, "must be an object.")
    for key in raw:
        if known is not None and key not in known:
            fields = ", ".join(sorted(known))
            raise InvalidPolicyError(
                f"{path}.{printable(str(key), 64)}", f"is no field of it; the fields are {fields}."
            )
    return {key: value for key, value in raw.items() if value is not None}


def text_of(raw: object, path: str) -> str:
    """Read a text."""
    if not isinstance(raw, str):
        raise InvalidPolicyError(path, "must be text.")
    return raw


def texts_of(raw: object, path: str) -> tuple[str, ...]:
    """Read a list of texts; empty where there is none."""
    return tuple(text_of(entry, f"{path}[{i}]") for i, entry in enumerate(list_of(raw, path)))


def list_of(raw: object, path: str) -> list[object]:
    """Read a list; empty where there is none."""
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise InvalidPolicyError(path, "must be a list.")
    return raw
