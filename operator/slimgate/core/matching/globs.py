"""Globs for names and for image references: lists of them, any of which may match."""

from dataclasses import replace
from functools import lru_cache
from itertools import chain
from typing import Final

from slimgate.core.errors import InvalidReferenceError
from slimgate.core.images.reference import (
    DOCKER_HUB,
    HTTPS_PORT,
    Reference,
    plain_registry,
    split_port,
)
from slimgate.core.matching.glob import Glob

MAX_GLOB: Final = 512
"""Characters of a pattern that policies and exceptions may write."""
_MAX_TEXT: Final = 1024
"""What is longer is not a reference, and need not be compared to its end."""
_KEPT: Final = 4096
_LISTS_KEPT: Final = 256
_HTTP_PORT: Final = 80


class _Any:
    __slots__ = ("_globs", "_heads", "_tails")

    def __init__(self, globs: tuple[str, ...]) -> None:
        self._globs = tuple(map(Glob.of, globs))
        self._heads = tuple({one.head for one in self._globs})
        self._tails = tuple({one.tail for one in self._globs})

    def matches(self, text: str) -> bool:
        return self.compare(text)[0]

    def compare(self, text: str) -> tuple[bool, int]:
        # Of most texts this tells at once, however many globs there are.
        if not (text.startswith(self._heads) and text.endswith(self._tails)):
            return False, 1
        steps = 1
        for glob in self._globs:
            matched, work = glob.compare(text)
            steps += work
            if matched:
                return True, steps
        return False, steps


class Globs:
    """A list of globs, taken apart once: for whoever compares many texts with it."""

    __slots__ = ("_of_references", "_of_texts")

    def __init__(self, written: tuple[str, ...]) -> None:
        plain = tuple(map(_plain, written))
        self._of_texts = _Any(written)
        self._of_references = self._of_texts if plain == written else _Any(plain)

    def matches(self, text: str) -> bool:
        """Whether any of the globs matches the whole text."""
        return self._of_texts.matches(text)

    def matches_reference(self, written: str) -> bool:
        """Whether any of the globs matches a reference in any of its forms.

        These are its full name and its familiar one, each with tag and digest, with one of them,
        and with neither: a rule on a name holds for `name@sha256:…`, too. No other way to write a
        registry, in a reference or in a glob, leads past a rule.
        """
        return self.compare_reference(written)[0]

    def compare_reference(self, written: str) -> tuple[bool, int]:
        """Say whether any matches a reference, and how much work it was, in searches."""
        work = 0
        for form in _forms(written):
            matched, steps = self._of_references.compare(form)
            work += steps
            if matched:
                return True, work
        return False, work


def matches(globs: tuple[str, ...], text: str) -> bool:
    """Whether any of the globs matches the whole text."""
    return _compiled(globs).matches(text)


def matches_reference(globs: tuple[str, ...], written: str) -> bool:
    """Whether any of the globs matches a reference in any of its forms."""
    return _compiled(globs).matches_reference(written)


_compiled = lru_cache(maxsize=_LISTS_KEPT)(Globs)


def _plain(glob: str) -> str:
    """Write the registry of a glob as references have it, as far as it is no wildcard itself.

    What stands before the first slash is a registry, or a part of a repository, in lower case.
    """
    host, slash, rest = glob.partition("/")
    if not slash:
        return glob
    host = host.lower()
    if "*" not in host and "?" not in host:
        return f"{plain_registry(host)}/{rest}"
    # Where the wildcard ends the host, it would take the place of a port that was left out.
    name, port = split_port(host)
    if not name.endswith(("*", "?")):
        name = name.removesuffix(".")
        host = name if port in {None, HTTPS_PORT} else f"{name}:{port}"
    return f"{host}/{rest}"


@lru_cache(maxsize=_KEPT)
def _forms(written: str) -> tuple[str, ...]:
    try:
        reference = Reference.parse(written)
    except InvalidReferenceError:
        # Whoever runs it may know digests that slimgate does not.
        rest, at, _ = written.partition("@")
        return (written[:_MAX_TEXT], *(_forms(rest) if at else ()))
    host, port = split_port(reference.registry)
    # The port of plain HTTP goes without saying where a registry is asked so.
    also = [replace(reference, registry=host)] if port == _HTTP_PORT else []
    return tuple(chain.from_iterable(_names(one.plain) for one in (reference, *also)))


def _names(reference: Reference) -> tuple[str, ...]:
    bare = replace(reference, tag=None, digest=None)
    names = {bare.name, bare.familiar}
    if bare.registry == DOCKER_HUB:
        names.add(f"{DOCKER_HUB}/{bare.familiar.removeprefix(f'{DOCKER_HUB}/')}")
    tag = f":{reference.tag}" if reference.tag else ""
    digest = f"@{reference.digest}" if reference.digest else ""
    tails = dict.fromkeys(("", tag, digest, tag + digest))
    return tuple(f"{name}{tail}" for name in sorted(names) for tail in tails)
