"""Splits shell text into words and operators: quoting, escapes, comments.

The work is linear in the text's length.
"""

import re
from collections.abc import Iterator
from typing import Final

SEPARATORS: Final = frozenset(";&|\n(){}")
MARK: Final = "\0"
"""Begins what stood in single quotes, where nothing is expanded."""

_HEREDOC: Final = re.compile(r"<<-?\s{0,9}(['\"]?)(\w+)\1")
_SCRIPT: Final = re.compile(r"\s*(?:(?:/\S*/)?(?:ba|da|a|z)?sh\b.*)?")


def without_heredocs(text: str) -> str:
    """Leave out what a command is given as its input, unless that is a shell, which runs it."""
    if "<<" not in text:
        return text
    kept: list[str] = []
    end, runs = "", False
    for line in text.split("\n"):
        if end:
            ended = line.strip() == end
            end = "" if ended else end
            kept += [line] if runs and not ended else []
        elif start := _HEREDOC.search(line):
            before = line[: start.start()]
            last = max(map(before.rfind, ";&|")) + 1
            end, runs = start[2], _SCRIPT.fullmatch(before, last) is not None
            kept.append(before[:last] if runs else before + line[start.end() :])
        else:
            kept.append(line)
    return "\n".join(kept)


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
            word += (char, *(_braced(chars) if char == "{" and word[-1] == "$" else ()))
    if open_word or word:
        yield "".join(word)


def _braced(chars: Iterator[str]) -> Iterator[str]:
    """Take a variable in braces whole: `${DEPS:-gcc make}`."""
    for char in chars:
        yield char
        if char == "}":
            return


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
