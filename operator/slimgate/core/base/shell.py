"""Reads what a RUN's shell text does: which commands it calls, with which words.

Not a shell: it knows quoting, separators, branches, pipes and plain variables, which is what it
takes to tell `apk add gcc` from `echo "apk add gcc"`. The work is linear in the text's length.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from slimgate.core.base.branches import KEYWORDS, Branches
from slimgate.core.base.budget import Budget
from slimgate.core.base.functions import inlined
from slimgate.core.base.tokens import MARK, SEPARATORS, tokens, without_heredocs
from slimgate.core.base.wrappers import handed_to_shell

_DECLARES: Final = frozenset({"export", "declare", "local", "readonly", "typeset"})
_XARGS_VALUED: Final = frozenset({"-n", "-L", "-I", "-P", "-s", "-d", "-E", "-a", "--arg-file"})
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)(\+?)=(.*)", re.DOTALL | re.ASCII)
_VARIABLE: Final = re.compile(
    r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:\[[@*]\])?(?::?-([^}]*))?\}?)", re.ASCII
)
_ARRAY: Final = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)
_MAX_VALUE: Final = 4_096
_MAX_VALUES: Final = 16
_MAX_SHELLS: Final = 2
_NOTED: Final = re.compile(r"(?<!build)(?<!build[-_.])(?:depend|deps|runtime|needed)")
"""In the name of a file that a program wrote: what something that was built runs on."""
UNREAD: Final = "$()"
"""Stands for the words that a command takes from what can't be read here: a program's output."""
FROM_FILE: Final = "$(file)"
"""Stands for the words that a command takes from a file, which somebody wrote by hand."""
READERS: Final = frozenset({"cat", "grep", "sed", "awk", "cut", "tr", "envsubst"})
"""Programs that hand a file's lines on."""


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command; `branch` names the branch that it stands in, and is empty outside of any.

    `unsure` are those of its words that come from a variable which a branch sets.
    """

    words: tuple[str, ...]
    branch: tuple[int, ...] = ()
    unsure: frozenset[str] = frozenset()

    @property
    def program(self) -> str:
        """What is called, without its folder."""
        return self.words[0].rpartition("/")[2]


def commands(
    text: str, env: Mapping[str, str], budget: Budget, *, depth: int = 0
) -> Iterator[Command]:
    """Yield each simple command, variables expanded from `env` and earlier assignments."""
    reader = _Reader(env, budget)
    pipe: list[Command] = []
    for words, branch, is_piped in _parts(text, budget):
        if not budget.take_command():
            return
        pipe = pipe if is_piped else []
        command = reader.read(words, branch, _given(pipe))
        if command is None:
            continue
        called = _xargs(command, pipe) if command.program == "xargs" else command
        pipe = [*pipe[:1], command]
        if called is None:
            continue
        inner = "" if depth >= _MAX_SHELLS else handed_to_shell(called.words)
        if not inner:
            yield called
        for one in commands(inner, env, budget, depth=depth + 1) if inner else ():
            yield replace(one, branch=called.branch + one.branch)


class _Reader:
    """Takes assignments off a command's head, and expands variables in the rest."""

    def __init__(self, env: Mapping[str, str], budget: Budget) -> None:
        self._env = env
        self._values: dict[str, tuple[str, ...]] = {}
        """A variable has several values where branches set it."""
        self._unsure: dict[str, frozenset[str]] = {}
        """By variable, those of its words that a branch set."""
        self._budget = budget

    def read(self, words: list[str], branch: tuple[int, ...], given: str) -> Command | None:
        rest = list(words)
        while rest:
            assigned = _ASSIGNMENT.fullmatch(rest[0])
            if assigned is not None:
                self._assign(assigned[1], assigned[3], added=bool(assigned[2]), branch=branch)
            elif rest[0] not in KEYWORDS:
                break
            rest.pop(0)
        self._set_by(rest, branch, given)
        found = [(one, unsure) for word in rest for one, unsure in self._expanded(word)]
        if not found:
            return None
        unsure_words = frozenset(word for word, unsure in found if unsure)
        return Command(tuple(word for word, _ in found), branch, unsure_words)

    def _set_by(self, rest: list[str], branch: tuple[int, ...], given: str) -> None:
        """Take in what `export`, `read` and `for` set."""
        if rest[:1] == ["for"] and rest[2:3] == ["in"]:
            # Each word in its turn comes to the same packages as all of them at once.
            told = [FROM_FILE if word == "$" else word for word in rest[3:]]
            self._assign(rest[1], " ".join(told).replace(MARK, ""), added=False, branch=branch)
        elif rest[:1] == ["read"]:
            for name in (word for word in rest[1:] if word.isidentifier()):
                self._assign(name, f"{MARK}{given}", added=False, branch=branch)
        elif rest and rest[0] in _DECLARES:
            for assigned in map(_ASSIGNMENT.fullmatch, rest[1:]):
                if assigned is not None:
                    self._assign(assigned[1], assigned[3], added=False, branch=branch)

    def _assign(self, name: str, text: str, *, added: bool, branch: tuple[int, ...]) -> None:
        doubted = self._doubted(text)
        value = text.replace(MARK, "") if MARK in text else self._filled(text)
        former = self._of(name) or ()
        if added:
            value = f"{former[-1] if former else ''}{value}"
        self._values[name] = (
            *(_fitting(former) if branch and not added else ()),
            value[:_MAX_VALUE],
        )
        if branch:
            told = frozenset(" ".join(self._values[name]).split())
            # Whoever adds to what was set before leaves that as it was.
            was = former[-1].split() if former and (added or name in _names(text)) else ()
            doubted |= told.difference(was)
        if added:
            doubted |= self._unsure.get(name, frozenset())
        self._unsure[name] = doubted

    def _doubted(self, text: str) -> frozenset[str]:
        """Name the words of a text that come of what a branch set."""
        if "$" not in text or MARK in text:
            return frozenset()
        found: set[str] = set()
        for word in text.split():
            names = {name for name in _names(word) if self._unsure.get(name)}
            if names and _VARIABLE.fullmatch(word):
                found |= self._unsure[names.pop()]
            elif names:
                found.update(self._filled(word).split())
        return frozenset(found)

    def _expanded(self, word: str) -> list[tuple[str, bool]]:
        if "$" not in word or MARK in word:
            return [(word.replace(MARK, ""), False)]
        doubted = self._doubted(word)
        whole = _VARIABLE.fullmatch(word)
        values = self._of(whole[1] or whole[2]) if whole else None
        text = self._paid(" ".join(values)) if values and len(values) > 1 else self._filled(word)
        return [(one, one in doubted) for one in text.split()]

    def _filled(self, text: str) -> str:
        return _VARIABLE.sub(self._value, text) if "$" in text else text

    def _value(self, match: re.Match[str]) -> str:
        values = self._of(match[1] or match[2])
        if values is not None:
            return self._paid(values[-1][:_MAX_VALUE], match[0])
        return match[0] if match[3] is None else match[3]

    def _of(self, name: str) -> tuple[str, ...] | None:
        # There may be a thousand variables, and as many RUNs.
        if name in self._values or name not in self._env:
            return self._values.get(name)
        return (self._env[name],)

    def _paid(self, text: str, otherwise: str = "") -> str:
        self._budget.characters -= len(text)
        return text if self._budget.characters >= 0 else otherwise


def _names(text: str) -> set[str]:
    return {match[1] or match[2] for match in _VARIABLE.finditer(text)}


def _fitting(values: tuple[str, ...]) -> tuple[str, ...]:
    """Keep what there is room for of the values that other branches have set."""
    kept = tuple(one for one in values if one)[-_MAX_VALUES:]
    return kept if sum(map(len, kept)) <= _MAX_VALUE else ()


def _given(pipe: list[Command]) -> str:
    """Name what is read from a pipe, or where there is none from a file."""
    return FROM_FILE if not pipe or pipe[0].program in READERS else UNREAD


def _xargs(command: Command, pipe: list[Command]) -> Command | None:
    """Read what xargs calls, with the words that an `echo` before the pipe gives it."""
    rest = list(command.words[1:])
    while rest and rest[0].startswith("-"):
        if rest.pop(0) in _XARGS_VALUED and rest:
            rest.pop(0)
    if not rest:
        return None
    told = bool(pipe) and pipe[-1].program in {"echo", "printf"}
    asked = [*command.words, *(pipe[0].words if pipe else ())]
    noted = any(_NOTED.search(word) for word in asked)
    other = UNREAD if noted else _given(pipe)
    given = " ".join(pipe[-1].words[1:]).split() if told else [other]
    unsure = command.unsure | (pipe[-1].unsure if pipe else frozenset())
    return Command((*rest, *given), command.branch, unsure)


def _parts(text: str, budget: Budget) -> Iterator[tuple[list[str], tuple[int, ...], bool]]:
    """Yield each simple command's words, its branch, and whether a pipe leads into it."""
    words: list[str] = []
    place = Branches()
    rest = inlined([*tokens(without_heredocs(text))], budget)
    for one in rest:
        if one not in SEPARATORS:
            words.append(one)
            place.before = ""
        elif one == "(" and words and _ARRAY.fullmatch(words[-1]):
            items = itertools.takewhile(lambda item: item != ")", rest)
            words[-1] = " ".join([words[-1], *(item.removeprefix(MARK) for item in items)])
        else:
            if words:
                yield words, place.enter(words), place.piped
            words = []
            place.pass_by(one)
    if words:
        yield words, place.enter(words), place.piped
