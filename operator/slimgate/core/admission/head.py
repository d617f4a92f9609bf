"""What a review says before the objects in it: all that is read of one that is too large.

The API server writes the fields of a review in the order in which its type has them, with the
objects behind all that names them.
https://github.com/kubernetes/api/blob/v0.34.0/admission/v1/types.go
"""

import json
import re
from collections.abc import Collection
from typing import Final

from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.workloads.kinds import TEMPLATE_PATHS, GroupKind
from slimgate.core.workloads.workload import Workload

MAX_HEAD: Final = 2**16
"""Bytes of a review that its objects begin within, but for users of very many groups."""
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()


def fields_before_objects(head: bytes) -> JsonObject:
    """Read the fields of a review's request that stand before its objects, as far as they go."""
    text = head[:MAX_HEAD].decode(errors="replace")
    _, at = _read(text, 0, {"request"})
    return {} if at is None else _read(text, at, {"object", "oldObject"})[0]


def workload_named(
    request: JsonObject, why: str, kinds: Collection[GroupKind] = TEMPLATE_PATHS
) -> Workload | None:
    """Name the workload that a request is about, where nobody has read it and `why`.

    None if its kind has no pod template.
    """
    kind = mapping_at(request, "kind")
    named = text_at(kind, "group"), text_at(kind, "kind")
    if named not in kinds:
        return None
    return Workload(
        group=named[0],
        kind=named[1],
        namespace=text_at(request, "namespace"),
        name=text_at(request, "name"),
        unread=why,
    )


def _read(text: str, at: int, until: Collection[str]) -> tuple[dict[str, object], int | None]:
    """Read an object's fields up to one of these names, and tell where its value begins."""
    fields: dict[str, object] = {}
    try:
        at = _next(text, at, "{")
        while True:
            name, at = _DECODER.raw_decode(text, at)
            at = _next(text, at, ":")
            if name in until:
                return fields, at
            fields[name], at = _DECODER.raw_decode(text, at)
            at = _next(text, at, ",")
    except (ValueError, TypeError, RecursionError):
        # It ends here, or is cut.
        return fields, None


def _next(text: str, at: int, mark: str) -> int:
    """Go behind a mark, and the space around it."""
    found = _SPACE.match(text, at)
    end = at if found is None else found.end()
    if not text.startswith(mark, end):
        raise ValueError
    found = _SPACE.match(text, end + 1)
    return end + 1 if found is None else found.end()
