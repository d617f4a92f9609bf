"""Follows in which branches of a shell text a command stands: `if`, `case`, and after a test."""

from dataclasses import dataclass, field
from typing import Final

KEYWORDS: Final = frozenset(
    {"if", "then", "else", "elif", "do", "while", "until", "!", "sudo", "exec", "command", "time",
     "fi", "esac", "done"}
)  # fmt: skip
_TESTS: Final = frozenset({"[", "[[", "test", "command", "which", "type", "grep", "false"})
_MAX_DEPTH: Final = 64


@dataclass(slots=True)
class Branches:
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
            if word not in KEYWORDS:
                break
        first = next((word for word in words if word not in KEYWORDS), "")
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
            self._chain = ""
        if char in ";\n&":
            self.piped = False
        self.before = char

    def _open(self) -> None:
        if len(self._groups) < _MAX_DEPTH:
            self._groups.append(len(self._branches))
            if self._chain:
                self._number += 1
                self._branches.append(self._number)
                self._chain = ""
