"""Globs for names and for image references, matched in time that grows with the text alone.

`*` is any run of characters within a path segment, `**` any run across segments, `?` one character
that is not `/`; every other character is itself. A pattern may come from anybody who writes an
exception, so it must not be able to make matching slow, as regular expressions can.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from slimgate.core.errors import InvalidReferenceError
from slimgate.core.reference import Reference

MAX_GLOB: Final = 512
"""Characters of a pattern that policies and exceptions may write."""
_MAX_TEXT: Final = 1024
"""What is longer is not a reference, and need not be compared to its end."""
_KEPT: Final = 4096


@dataclass(frozen=True, slots=True)
class _Automaton:
    """Bit i of a state says that i characters of the pattern, stars aside, are matched.

    `accepts` holds where a character moves on from, `wild` where any but `/` does; `within` and
    `across` hold where `*` and `**` let it stay.
    """

    start: str
    accepts: Mapping[str, int]
    wild: int
    within: int
    across: int
    end: int

    def matches(self, text: str) -> bool:
        """Whether the whole text matches; one step a character."""
        if not text.startswith(self.start):
            return False
        state = 1
        for char in text:
            moves, stays = self.accepts.get(char, 0), self.across
            if char != "/":
                moves, stays = moves | self.wild, stays | self.within
            state = (state & moves) << 1 | state & stays
            if not state:
                return False
        return bool(state & self.end)


def matches(globs: tuple[str, ...], text: str) -> bool:
    """Whether any of the globs matches the whole text."""
    return any(_compiled(glob).matches(text) for glob in globs)


@lru_cache(maxsize=_KEPT)
def matches_reference(globs: tuple[str, ...], written: str) -> bool:
    """Whether any of the globs matches a reference in any of its forms.

    These are its full name and its familiar one, each with tag and digest, with one of them, and
    with neither: a rule on a name holds for `name@sha256:…`, too.
    """
    return any(matches(globs, form) for form in _forms(written))


@lru_cache(maxsize=_KEPT)
def _forms(written: str) -> frozenset[str]:
    try:
        reference = Reference.parse(written)
    except InvalidReferenceError:
        return frozenset({written[:_MAX_TEXT]})
    bare = replace(reference, tag=None, digest=None)
    # No other way to write a registry may lead past a policy.
    plain = replace(bare, registry=bare.registry.lower().removesuffix(":443"))
    tag = f":{reference.tag}" if reference.tag else ""
    digest = f"@{reference.digest}" if reference.digest else ""
    return frozenset(
        f"{name}{tail}"
        for one in (bare, plain)
        for name in (one.name, one.familiar)
        for tail in ("", tag, digest, tag + digest)
    )


@lru_cache(maxsize=_KEPT)
def _compiled(glob: str) -> _Automaton:
    accepts: dict[str, int] = {}
    wild = within = across = 0
    place = 1
    rest = glob
    while rest:
        if rest[0] == "*":
            after = rest.lstrip("*")
            if len(rest) - len(after) > 1:
                across |= place
            else:
                within |= place
            rest = after
            continue
        if rest[0] == "?":
            wild |= place
        else:
            accepts[rest[0]] = accepts.get(rest[0], 0) | place
        place <<= 1
        rest = rest[1:]
    start = glob[: min((at for at in map(glob.find, "*?") if at >= 0), default=len(glob))]
    return _Automaton(start, accepts, wild, within, across, place)
