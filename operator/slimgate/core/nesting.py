"""JSON that is more than Python's parser can follow, or keeps it busy for long.

The API server lets objects be nested ten times as deep, where no schema knows a field or in
`managedFields`. Whoever may write one could blind slimgate for all objects of its kind by it.
"""

import json
import re
from contextlib import suppress
from typing import Final

import orjson

from slimgate.core.text import printable

_DEEPEST: Final = 200
"""Far deeper than a pod template in any object, far from the 1,000 levels that Python can do."""
_FEW: Final = 800
"""Brackets that are no trouble, were they all within one another."""
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""A string, which may end with the text, or a bracket outside of one."""


def parse(text: bytes, *, gently: bool = False) -> tuple[object, bool]:
    """Parse JSON, with null for what is nested too deeply, and tell whether anything was.

    ValueError if it is not JSON. Where it is to be parsed `gently`, in a thread, others have their
    turn after each object; but not within lists of lists. orjson takes a third of the time, and
    refuses some of what Python's parser takes, as halves of surrogates.
    """
    if not gently:
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(text), False
    hook = _own if gently else None
    try:
        return json.loads(text, object_hook=hook), False
    except RecursionError:
        return json.loads(_pruned(text), object_hook=hook), True


def values_in(text: bytes) -> int:
    """Count the values of JSON, or more: what is in texts counts, too."""
    return sum(map(text.count, (b",", b"[", b"{")))


def shallow(text: bytes) -> bytes:
    """Return JSON that others may parse: the text itself if nothing is nested too deeply."""
    return text if text.count(b"{") + text.count(b"[") <= _FEW else _pruned(text)


def too_deep(path: str) -> str:
    """Say where something was left out, so that somebody looks at it."""
    what = "holds an object that is nested too deeply; its deepest parts are ignored"
    return f"{printable(path)} {what}"


def _own(value: dict[str, object]) -> dict[str, object]:
    # Python looks whether anybody waits for the interpreter where a function of its own is called.
    return value


def _pruned(text: bytes) -> bytes:
    kept: list[bytes] = []
    depth = end = 0
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first in b"[{":
            depth += 1
            if depth == _DEEPEST + 1:
                kept.append(text[end : token.start()])
                # What is never closed is no JSON without its rest, either.
                end = len(text)
        elif first in b"]}":
            if depth == _DEEPEST + 1:
                kept.append(b"null")
                end = token.end()
            depth -= 1
    return b"".join([*kept, text[end:]]) if kept else text
