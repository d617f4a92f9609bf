"""JSON objects as others write them: a field of a wrong type counts as absent."""

from collections.abc import Iterator, Mapping
from typing import cast

JsonObject = Mapping[str, object]

JsonDocument = dict[str, object]
"""An object that is being written."""


def labels_of(metadata: JsonObject) -> Mapping[str, str]:
    """Read an object's labels."""
    labels = mapping_at(metadata, "labels")
    if not labels:
        return {}
    return {key: value for key, value in labels.items() if isinstance(value, str)}


def mapping_at(parent: JsonObject, key: str) -> JsonObject:
    """Return the object under `key`, empty where there is none."""
    value = parent.get(key)
    if value is None:
        return {}
    # To ask whether it is a mapping takes ten times as long as to know that it is a dict.
    if isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101
        return cast("JsonObject", value)
    return {}


def objects_at(parent: JsonObject, key: str) -> Iterator[JsonObject]:
    """Yield the objects of the list under `key`."""
    value = parent.get(key)
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, dict) or isinstance(entry, Mapping):  # noqa: SIM101
            yield cast("JsonObject", entry)


def text_at(parent: JsonObject, key: str) -> str:
    """Return the text under `key`, empty where there is none."""
    value = parent.get(key)
    return value if isinstance(value, str) else ""
