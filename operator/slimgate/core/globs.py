"""Globs for names and for image references: lists of them, any of which may match."""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from slimgate.core.errors import InvalidReferenceError
from slimgate.core.glob import Glob
from slimgate.core.reference import Reference

MAX_GLOB: Final = 512
"""Characters of a pattern that policies and exceptions may write."""
_MAX_TEXT: Final = 1024
"""What is longer is not a reference, and need not be compared to its end."""
_KEPT: Final = 4096
_LISTS_KEPT: Final = 256


class Globs:
    """A list of globs, taken apart once: for whoever compares many texts with it."""

    __slots__ = ("_globs", "_heads", "_tails")

    def __init__(self, written: tuple[str, ...]) -> None:
        self._globs = tuple(Glob.of(one) for one in written)
        self._heads = tuple({one.head for one in self._globs})
        self._tails = tuple({one.tail for one in self._globs})

    def __bool__(self) -> bool:
        return bool(self._globs)

    def matches(self, text: str) -> bool:
        """Whether any of the globs matches the whole text."""
        # Of most texts this tells at once, however many globs there are.
        if not (text.startswith(self._heads) and text.endswith(self._tails)):
            return False
        return any(glob.matches(text) for glob in self._globs)

    def matches_reference(self, written: str) -> bool:
        """Whether any of the globs matches a reference in any of its forms.

        These are its full name and its familiar one, each with tag and digest, with one of them,
        and with neither: a rule on a name holds for `name@sha256:…`, too.
        """
        return bool(self._globs) and any(map(self.matches, _forms(written)))


def matches(globs: tuple[str, ...], text: str) -> bool:
    """Whether any of the globs matches the whole text."""
    return _compiled(globs).matches(text)


def matches_reference(globs: tuple[str, ...], written: str) -> bool:
    """Whether any of the globs matches a reference in any of its forms."""
    return _compiled(globs).matches_reference(written)


_compiled = lru_cache(maxsize=_LISTS_KEPT)(Globs)


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
