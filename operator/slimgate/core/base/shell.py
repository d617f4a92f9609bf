"""Reads what a RUN's shell text does: which commands it calls, with which words.

Not a shell: it knows quoting, separators, branches, pipes and plain variables, which is what it
takes to tell `apk add gcc` from `echo "apk add gcc"`. The work is linear in the text's length.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from slimgate.core.base.wrappers import handed_to_shell

_SEPARATORS: Final = frozenset(";&|\n(){}")
_KEYWORDS: Final = frozenset(
    {"if", "then", "else", "elif", "do", "while", "until", "!", "sudo", "exec", "command", "time",
     "fi", "esac", "done"}
)  # fmt: skip
_TESTS: Final = frozenset({"[", "[[", "test", "command", "which", "type", "grep", "false"})
_XARGS_VALUED: Final = frozenset({"-n", "-L", "-I", "-P", "-s", "-d", "-E", "-a", "--arg-file"})
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)(\+?)=(.*)", re.DOTALL | re.ASCII)
_VARIABLE: Final = re.compile(r"\$\{?([A-Za-z_]\w*)\}?", re.ASCII)
_MAX_VALUE: Final = 4_096
_MAX_EXPANSIONS: Final = 200
_MAX_DEPTH: Final = 64
_MAX_SHELLS: Final = 2
_MARK: Final = "\0"
UNREAD: Final = "$()"
"""Stands for the words that a command takes from what can't be read here: a file, a program."""


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command; `branch` names the branch that it stands in, and is empty outside of any.

    `unsure` are those of its words that come from a variable which a branch sets.
    """

    words: tuple[str, ...]
    branch: tuple[int, ...] = ()
    unsure: frozenset[str] = frozenset()


def commands(text: str, env: Mapping[str, str], *, depth: int = 0) -> Iterator[Command]:
    """Yield each simple command, variables expanded from `env` and earlier assignments."""
    reader = _Reader(dict(env))
    piped: Command | None = None
    for words, branch, pipe in _parts(text):
        command = reader.read(words, branch)
        if command is None:
            continue
        if command.words[0].rpartition("/")[2] == "xargs":
            command = _xargs(command, piped if pipe else None)
        inner = "" if command is None or depth >= _MAX_SHELLS else handed_to_shell(command.words)
        if command is not None and inner:
            yield from (
                replace(one, branch=command.branch + one.branch)
                for one in commands(inner, env, depth=depth + 1)
            )
        elif command is not None:
            yield command
        piped = command


class _Reader:
    """Takes assignments off a command's head, and expands variables in the rest."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values
        self._unsure: set[str] = set()
        self._budget = _MAX_EXPANSIONS

    def read(self, words: list[str], branch: tuple[int, ...]) -> Command | None:
        rest = list(words)
        while rest:
            assigned = _ASSIGNMENT.fullmatch(rest[0])
            if assigned is not None:
                self._assign(assigned[1], assigned[3], added=bool(assigned[2]), branch=branch)
            elif rest[0] not in _KEYWORDS:
                break
            rest.pop(0)
        if rest[:1] == ["for"] and rest[2:3] == ["in"]:
            # Each word in its turn comes to the same packages as all of them at once.
            told = " ".join(rest[3:]).replace(_MARK, "")
            self._assign(rest[1], told, added=False, branch=branch)
        found = [(one, unsure) for word in rest for one, unsure in self._expanded(word)]
        if not found:
            return None
        unsure_words = frozenset(word for word, unsure in found if unsure)
        return Command(tuple(word for word, _ in found), branch, unsure_words)

    def _assign(self, name: str, text: str, *, added: bool, branch: tuple[int, ...]) -> None:
        used = set(_VARIABLE.findall(text)) & self._unsure
        value = text.strip(_MARK) if _MARK in text else self._filled(text)
        self._values[name] = f"{self._values.get(name, '') if added else ''}{value}"[:_MAX_VALUE]
        if branch or used:
            self._unsure.add(name)
        elif not added:
            self._unsure.discard(name)

    def _expanded(self, word: str) -> list[tuple[str, bool]]:
        if self._budget <= 0 or "$" not in word or _MARK in word:
            return [(word.replace(_MARK, ""), False)]
        unsure = not self._unsure.isdisjoint(_VARIABLE.findall(word))
        return [(one, unsure) for one in self._filled(word).split()]

    def _filled(self, text: str) -> str:
        if self._budget <= 0 or "$" not in text:
            return text
        self._budget -= 1
        return _VARIABLE.sub(lambda m: self._values.get(m[1], m[0])[:_MAX_VALUE], text)


def _xargs(command: Command, source: Command | None) -> Command | None:
    """Read what xargs calls, with the words that an `echo` before the pipe gives it."""
    rest = list(command.words[1:])
    while rest and rest[0].startswith("-"):
        if rest.pop(0) in _XARGS_VALUED and rest:
            rest.pop(0)
    if not rest:
        return None
    told = source is not None and source.words[0] in {"echo", "printf"}
    given = " ".join(source.words[1:]).split() if source is not None and told else [UNREAD]
    unsure = command.unsure | (source.unsure if source is not None else frozenset())
    return Command((*rest, *given), command.branch, unsure)


def _parts(text: str) -> Iterator[tuple[list[str], tuple[int, ...], bool]]:
    """Yield each simple command's words, its branch, and whether a pipe leads into it."""
    words: list[str] = []
    place = _Place()
    for token in _tokens(text):
        if token not in _SEPARATORS:
            words.append(token)
            place.before = ""
            continue
        if words:
            yield words, place.enter(words), place.piped
            words = []
        place.pass_by(token)
    if words:
        yield words, place.enter(words), place.piped


@dataclass(slots=True)
class _Place:
    """Where in the text the reading stands: in which branches, and after which operator."""

    before: str = ""
    piped: bool = False
    _number: int = 0
    _branches: list[int] = field(default_factory=list)
    _groups: list[int] = field(default_factory=list)
    _chain: str = ""
    _tested: bool = False

    def enter(self, words: list[str]) -> tuple[int, ...]:
        """Take in a command's keywords, and name the branch that it stands in."""
        self._number += 1
        for word in words:
            if word in {"then", "else", "elif"} and self._branches:
                self._branches[-1] = self._number
            elif word in {"if", "case"} and len(self._branches) < _MAX_DEPTH:
                self._branches.append(self._number)
            elif word in {"fi", "esac"} and self._branches:
                self._branches.pop()
            if word not in _KEYWORDS:
                break
        first = next((word for word in words if word not in _KEYWORDS), "")
        self._tested = first in _TESTS
        return (*self._branches, *((self._number,) if self._chain else ()))

    def pass_by(self, char: str) -> None:
        """Take in one character of an operator."""
        if char == "|":
            self.piped = self.before != "|"
            # The right side of `||` runs only where the left one failed.
            self._chain = "or" if self.before == "|" else self._chain
        elif char == "&" and self.before == "&":
            self._chain = "and" if self._tested or self._chain == "and" else ""
        elif char == ";" and self.before == ";" and self._branches:
            # `;;` ends one branch of a case, and the next one begins.
            self._number += 1
            self._branches[-1] = self._number
        elif char in "({":
            self._open()
        elif char in ")}" and self._groups:
            del self._branches[self._groups.pop() :]
        if char in ";\n":
            self._chain, self.piped = "", False
        self.before = char

    def _open(self) -> None:
        if len(self._groups) < _MAX_DEPTH:
            self._groups.append(len(self._branches))
            if self._chain:
                self._number += 1
                self._branches.append(self._number)
                self._chain = ""


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
