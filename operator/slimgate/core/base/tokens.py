"""Splits shell text into words and operators: quoting, escapes, comments.

The work is linear in the text's length.
"""

from collections.abc import Iterator
from typing import Final

SEPARATORS: Final = frozenset(";&|\n(){}")
MARK: Final = "\0"
"""Begins what stood in single quotes, where nothing is expanded."""


def tokens(text: str) -> Iterator[str]:
    """Yield words and single separator characters; single-quoted text is never expanded."""
    word: list[str] = []
    open_word = False
    chars = iter(text)
    for char in chars:
        if char in "'\"":
            word += _quoted(chars, char)
            open_word = True
        elif char == "\\":
            escaped = next(chars, "").removesuffix("\n")
            word += escaped
            open_word = open_word or bool(escaped)
        elif char == "#" and not word:
            yield from _separator(chars)
        elif char in SEPARATORS and not (char in "{}" and word):
            if open_word or word:
                yield "".join(word)
            word, open_word = [], False
            yield char
        elif char.isspace():
            if open_word or word:
                yield "".join(word)
            word, open_word = [], False
        else:
            word.append(char)
    if open_word or word:
        yield "".join(word)


def _separator(chars: Iterator[str]) -> Iterator[str]:
    """Skip a comment; the line's end separates commands."""
    for char in chars:
        if char == "\n":
            break
    yield "\n"


def _quoted(chars: Iterator[str], quote: str) -> Iterator[str]:
    if quote == "'":
        yield MARK
    for char in chars:
        if char == quote:
            return
        if char == "\\" and quote == '"':
            yield next(chars, "")
        else:
            yield char
