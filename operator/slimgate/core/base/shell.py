"""Reads what a RUN's shell text does: which commands it calls, with which words.

Not a shell: it knows quoting, separators and plain variables, which is what it takes to tell
`apk add gcc` from `echo "apk add gcc"`. The work is linear in the text's length.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

_SEPARATORS: Final = frozenset(";&|\n(){}")
_KEYWORDS: Final = frozenset(
    {"if", "then", "else", "elif", "do", "while", "until", "!", "sudo", "exec", "command", "time"}
)
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)\+?=(.*)", re.DOTALL | re.ASCII)
_VARIABLE: Final = re.compile(r"\$\{?([A-Za-z_]\w*)\}?", re.ASCII)
_MAX_VALUE: Final = 4_096
_MAX_EXPANSIONS: Final = 200
_MARK: Final = "\0"


def commands(text: str, env: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Yield each simple command's words, variables expanded from `env` and earlier assignments."""
    values = dict(env)
    budget = _MAX_EXPANSIONS
    for words in _split(text):
        rest = list(words)
        while rest:
            assigned = _ASSIGNMENT.fullmatch(rest[0])
            if assigned is not None:
                values[assigned[1]] = assigned[2].strip(_MARK)
            elif rest[0] not in _KEYWORDS:
                break
            rest.pop(0)
        expanded: list[str] = []
        for word in rest:
            if budget > 0 and "$" in word and _MARK not in word:
                budget -= 1
                expanded += _VARIABLE.sub(
                    lambda found: values.get(found[1], found[0])[:_MAX_VALUE], word
                ).split()
            else:
                expanded.append(word.replace(_MARK, ""))
        if expanded:
            yield tuple(expanded)


def _split(text: str) -> Iterator[list[str]]:
    words: list[str] = []
    for token in _tokens(text):
        if token in _SEPARATORS:
            if words:
                yield words
            words = []
        else:
            words.append(token)
    if words:
        yield words


def _tokens(text: str) -> Iterator[str]:
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
        elif char in _SEPARATORS and not (char in "{}" and word):
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
        yield _MARK
    for char in chars:
        if char == quote:
            return
        if char == "\\" and quote == '"':
            yield next(chars, "")
        else:
            yield char
