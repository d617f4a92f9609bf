"""One glob, compared in time that grows with the text alone, whoever wrote it.

`*` is any run of characters within a path segment, `**` any run across segments, `?` one character
that is not `/`; every other character is itself. A glob is taken apart at its stars, and what is
between them is searched for by `str.find`, each time from where the last search ended: nothing is
tried twice. Regular expressions would try again, and take years over a glob that is written for it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

_STARS: Final = re.compile(r"(\*+)")
_WILD: Final = re.compile(r"[*?]+")
_STEPS_OF_AN_AUTOMATON: Final = 256
"""How many searches it is worth to go through a reference by characters; about what is measured."""


_KEPT: Final = 1024
"""Globs that are kept taken apart: of a hostile one that is twenty times as much as its text."""


@dataclass(frozen=True, slots=True)
class Glob:
    """A glob, and what a text that it matches begins and ends with."""

    text: str
    head: str
    tail: str

    @classmethod
    def of(cls, glob: str) -> Self:
        """Look where the first and the last wildcard are."""
        parts = _WILD.split(glob)
        return cls(glob, parts[0], parts[-1])

    def matches(self, text: str) -> bool:
        """Whether the whole text matches."""
        return self.compare(text)[0]

    def compare(self, text: str) -> tuple[bool, int]:
        """Whether the whole text matches, and how much work it was at most, in searches."""
        if not (text.startswith(self.head) and text.endswith(self.tail)):
            return False, 1
        parts = _taken_apart(self.text)
        return parts.match(text), parts.steps


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What is between the stars of a glob; `head` and `tail` are before and behind them.

    `front` and `back` are reached from either end by single stars, the nearest first, and `middle`
    by double ones; all are texts. Where that does not tell, an automaton does.
    """

    head: str
    tail: str
    front: tuple[str, ...] = ()
    middle: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    is_text: bool = False
    is_crossing: bool = False
    automaton: "Automaton | None" = None

    @classmethod
    def of(cls, glob: str) -> Self:
        """Take a glob apart."""
        parts = _STARS.split(glob)
        texts, across = parts[::2], [len(stars) > 1 for stars in parts[1::2]]
        first = across.index(True) if True in across else len(across)
        last = len(across) - across[::-1].index(True) if True in across else first
        if "?" in glob or not all(across[first:last]):
            head, *middle, tail = _WILD.split(glob)
            return cls(head=head, tail=tail, middle=tuple(middle), automaton=Automaton.of(glob))
        return cls(
            head=texts[0],
            tail=texts[-1],
            front=tuple(texts[1:-1] if not any(across) else texts[1 : first + 1]),
            middle=tuple(texts[first + 1 : last]),
            back=tuple(reversed(texts[last:-1])) if any(across) else (),
            is_text=not across,
            is_crossing=any(across),
        )

    @property
    def steps(self) -> int:
        """How much work it is at most to compare a text, in searches."""
        searches = 1 + len(self.front) + len(self.middle) + len(self.back)
        return searches + (0 if self.automaton is None else _STEPS_OF_AN_AUTOMATON)

    def match(self, text: str) -> bool:
        """Whether a text matches that begins and ends so."""
        if self.is_text:
            return text == self.head
        start, end = len(self.head), len(text) - len(self.tail)
        if self.automaton is not None:
            found = _in_this_order(self.middle, text, start, end)
            return found and self.automaton.matches(text)
        # The first place for each is the best one: whatever a later one leaves, it leaves too.
        for one in self.front:
            at = text.find(one, start, end)
            if at < 0 or text.find("/", start, at) >= 0:
                return False
            start = at + len(one)
        if not self.is_crossing:
            return start <= end and text.find("/", start, end) < 0
        for one in self.back:
            at = text.rfind(one, start, end)
            if at < 0 or text.find("/", at + len(one), end) >= 0:
                return False
            end = at
        return _in_this_order(self.middle, text, start, end)


_taken_apart = lru_cache(maxsize=_KEPT)(_Parts.of)


def _in_this_order(parts: Iterable[str], text: str, start: int, end: int) -> bool:
    """Whether all parts are in a range of the text, one after the other."""
    for part in parts:
        at = text.find(part, start, end)
        if at < 0:
            return False
        start = at + len(part)
    return start <= end


@dataclass(frozen=True, slots=True)
class Automaton:
    """Bit i of a state says that i characters of the pattern, stars aside, are matched.

    `accepts` holds where a character moves on from, `wild` where any but `/` does; `within` and
    `across` hold where `*` and `**` let it stay.
    """

    accepts: Mapping[str, int]
    wild: int
    within: int
    across: int
    end: int

    @classmethod
    def of(cls, glob: str) -> Self:
        """Make the automaton of a glob."""
        accepts: dict[str, int] = {}
        wild = within = across = 0
        place = 1
        for part in _STARS.split(glob):
            if part.startswith("*"):
                within, across = (
                    (within, across | place) if len(part) > 1 else (within | place, across)
                )
                continue
            for char in part:
                if char == "?":
                    wild |= place
                else:
                    accepts[char] = accepts.get(char, 0) | place
                place <<= 1
        return cls(accepts, wild, within, across, place)

    def matches(self, text: str) -> bool:
        """Whether the whole text matches; one step a character."""
        state = 1
        for char in text:
            moves, stays = self.accepts.get(char, 0), self.across
            if char != "/":
                moves, stays = moves | self.wild, stays | self.within
            state = (state & moves) << 1 | state & stays
            if not state:
                return False
        return bool(state & self.end)
