"""Makes text from outside safe to print in messages, events, reports and terminals."""

import re
import unicodedata
from collections.abc import Iterable

_HALVES = re.compile("[\ud800-\udfff]")
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def printable(text: str, limit: int = 256) -> str:
    """Escape control and direction-changing characters and cut to `limit` characters.

    A hostile registry or build can put terminal escapes, newlines or bidirectional overrides
    into every string that it serves; none may reach a message as it is.
    """
    # Escapes only make a text longer, so no more of it than this can be shown.
    start = text[: limit + 1]
    if not start.isprintable():  # which no character of these categories is
        start = "".join(_escape(char) for char in start)
    return cut(start, limit)


def cut(text: str, limit: int) -> str:
    """Cut a text to `limit` characters, and show that it was."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def whole(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON may hold and no bytes can, as Go does."""
    return text if text.isascii() else _HALVES.sub("\ufffd", text)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the word that was most likely meant, None if there is none like it."""
    import difflib  # noqa: PLC0415 - only mistakes need it

    by_lower = {one.lower(): one for one in known}
    found = difflib.get_close_matches(word[:64].lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def _escape(char: str) -> str:
    if unicodedata.category(char) in _UNSAFE_CATEGORIES:
        return char.encode("unicode_escape").decode("ascii")
    return char
