"""Makes text from outside safe to print in messages, events, reports and terminals."""

import unicodedata

_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def printable(text: str, limit: int = 256) -> str:
    """Escape control and direction-changing characters and cut to `limit` characters.

    A hostile registry or build can put terminal escapes, newlines or bidirectional overrides
    into every string that it serves; none may reach a message as it is.
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    if cut.isascii() and cut.isprintable():
        return cut
    return "".join(_escape(char) for char in cut)


def _escape(char: str) -> str:
    if unicodedata.category(char) in _UNSAFE_CATEGORIES:
        return char.encode("unicode_escape").decode("ascii")
    return char
