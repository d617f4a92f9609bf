"""JSON as container runtimes read it, by Go's encoding/json: what they would pull is what counts.

Go takes `Layers` for `layers`. What an object has several times it reads one after another into the
same place: the last number or text counts, objects are merged, and so are the elements of lists.
https://pkg.go.dev/encoding/json#Unmarshal
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, cast

from slimgate.core.errors import TooLargeError, UnsupportedError
from slimgate.core.json_object import JsonObject

MAX_INT: Final = 2**63 - 1
_MAX_DIGITS: Final = 19
_STRUCTS: Final = frozenset({"config", "rootfs"})
"""Objects that null leaves as they are; of others it makes none."""
_FOLDED: Final = str.maketrans({"\u017f": "s", "\u212a": "k"})
"""All that is no ASCII and yet taken for a letter of it."""


@dataclass(frozen=True, slots=True)
class _Repeating:
    """An object that has some of its fields several times, in their order."""

    pairs: tuple[tuple[str, object], ...]


def load(body: bytes) -> object:
    """Parse a document, of which nothing but `record` and `mapping` reads objects."""
    try:
        return json.loads(
            # Runtimes take no other encoding, and forgive what is wrong in this one.
            body.decode(errors="replace"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_no_integer,
        )
    except RecursionError as err:
        raise TooLargeError("the document is nested too deeply") from err
    except ValueError as err:
        raise UnsupportedError("the document is not JSON") from err


def record(value: object, path: str) -> JsonObject:
    """Read an object of named fields, whose names are given in lower case."""
    found: dict[str, list[object]] = {}
    for name, entry in _pairs(value, path):
        found.setdefault(name.translate(_FOLDED).lower(), []).append(entry)
    return {name: _merged(each, is_struct=name in _STRUCTS) for name, each in found.items()}


def mapping(value: object, path: str) -> JsonObject:
    """Read an object whose keys are data."""
    return dict(_pairs(value, path))


def _pairs(value: object, path: str) -> Iterable[tuple[str, object]]:
    if isinstance(value, _Repeating):
        return value.pairs
    if not isinstance(value, dict):
        raise UnsupportedError(f"{path} is not an object")
    return cast("JsonObject", value).items()


def _merged(values: Sequence[object], *, is_struct: bool) -> object:
    """Tell what Go holds after it has read all of the values into one place."""
    if len(values) == 1:
        return values[0]
    kept: list[object] = []
    for value in values:
        last = kept[-1] if kept else None
        if value is None:
            is_emptied = isinstance(last, list) or (_is_object(last) and not is_struct)
            kept = [] if is_emptied else kept
        elif value == [] or not _is_alike(value, last):
            kept = [value]
        else:
            kept.append(value)
    if len(kept) < 2:  # noqa: PLR2004 - so there is nothing to merge
        return kept[0] if kept else None
    if isinstance(kept[-1], list):
        return _merged_lists(cast("list[list[object]]", kept))
    return _Repeating(tuple(pair for value in kept for pair in _pairs(value, "")))


def _merged_lists(lists: Sequence[Sequence[object]]) -> list[object]:
    """Merge lists element by element; the last tells how many there are."""
    cells: list[list[object]] = []
    for one in lists:
        cells += ([] for _ in range(len(one) - len(cells)))
        for cell, value in zip(cells, one, strict=False):
            cell.append(value)
    # No field is a list of lists, and nesting must not be followed.
    return [
        cell[-1] if isinstance(cell[-1], list) else _merged(cell, is_struct=True)
        for cell in cells[: len(lists[-1])]
    ]


def _is_object(value: object) -> bool:
    return isinstance(value, dict | _Repeating)


def _is_alike(value: object, last: object) -> bool:
    if isinstance(value, list):
        return isinstance(last, list)
    return _is_object(value) and _is_object(last)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object] | _Repeating:
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else _Repeating(tuple(pairs))


def _integer(text: str) -> int:
    # Python takes half a millisecond to read what is as long as it may be.
    return int(text) if len(text) <= _MAX_DIGITS else MAX_INT + 1


def _no_integer(_: str) -> float:
    # No field of a document has a fraction; what is written so is refused where it is read.
    return math.nan
