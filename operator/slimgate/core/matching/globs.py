"""Globs for names and for image references: lists of them, any of which may match."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
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
_LIBRARY: Final = "library/"


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

    __slots__ = ("_of_pins", "_of_references", "_of_texts")

    def __init__(self, written: tuple[str, ...]) -> None:
        plain = tuple(map(_plain, written))
        self._of_texts = _Any(written)
        self._of_references = self._of_texts if plain == written else _Any(plain)
        self._of_pins = _Any(tuple(filter(_is_pin, plain)))

    def matches(self, text: str) -> bool:
        """Whether any of the globs matches the whole text."""
        return self._of_texts.matches(text)

    def matches_reference(self, written: str) -> bool:
        """Whether any of the globs matches a reference in any of its forms.

        These are its full name and its familiar one, each with tag and digest, with one of them,
        and with neither: a rule on a name holds for `name@sha256:…`, too. No other way to write a
        registry, in a reference or in a glob, leads past a rule.
        """
        return _first(self._of_references, _forms(written).names)[0]

    def excuses_reference(self, written: str) -> bool:
        """Whether any of the globs leaves a reference out."""
        return self.compare_excused(written)[0]

    def compare_excused(self, written: str) -> tuple[bool, int]:
        """Say whether any leaves a reference out of a rule, and how much work it was, in searches.

        What a tag says beside a digest is no runtime's business, so that anybody could write one
        that is excused before the digest of another image. It counts only where the glob, too,
        names both.
        """
        forms = _forms(written)
        found, work = _first(self._of_references, forms.true)
        if found:
            return True, work
        found, more = _first(self._of_pins, forms.pins)
        return found, work + more


def _first(globs: _Any, forms: Iterable[str]) -> tuple[bool, int]:
    work = 0
    for form in forms:
        matched, steps = globs.compare(form)
        work += steps
        if matched:
            return True, work
    return False, work


def _is_pin(glob: str) -> bool:
    """Whether a glob names a digest, and not only something like one."""
    digest = glob.partition("@")[2]
    return bool(digest) and not {"*", "?"}.intersection(digest)


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


@dataclass(frozen=True, slots=True)
class _Forms:
    """How a reference may be called: all `names`, and those that are `true` of what runs.

    `pins` have a tag and a digest.
    """

    names: tuple[str, ...]
    true: tuple[str, ...]
    pins: tuple[str, ...] = ()


@lru_cache(maxsize=_KEPT)
def _forms(written: str) -> _Forms:
    try:
        reference = Reference.parse(written)
    except InvalidReferenceError:
        return _unread(written)
    host, port = split_port(reference.registry)
    # The port of plain HTTP goes without saying where a registry is asked so.
    also = [replace(reference, registry=host)] if port == _HTTP_PORT else []
    both = [one.plain for one in (reference, *also)]
    names = tuple(chain.from_iterable(map(_names, both)))
    if reference.tag is None or reference.digest is None:
        return _Forms(names, names)
    true = tuple(chain.from_iterable(_names(replace(one, tag=None)) for one in both))
    return _Forms(names, true, tuple(one for one in names if one not in true))


def _unread(written: str) -> _Forms:
    cut = written[:_MAX_TEXT]
    rest, at, digest = written.partition("@")
    if not at:
        return _Forms((cut,), (cut,))
    # Whoever runs it may know digests that slimgate does not.
    names = (cut, *_forms(rest).names)
    try:
        bare = replace(Reference.parse(rest).plain, tag=None)
    except InvalidReferenceError:
        return _Forms(names, (cut,))
    true = (*_names(bare), *(f"{name}@{digest[:_MAX_TEXT]}" for name in _names(bare)))
    return _Forms(names, true, (cut,))


def _names(reference: Reference) -> tuple[str, ...]:
    bare = replace(reference, tag=None, digest=None)
    names = {bare.name, bare.familiar}
    if bare.registry == DOCKER_HUB:
        names.add(f"{DOCKER_HUB}/{bare.familiar.removeprefix(f'{DOCKER_HUB}/')}")
        if bare.familiar == bare.repository.removeprefix(_LIBRARY):
            names.add(bare.repository)
    tag = f":{reference.tag}" if reference.tag else ""
    digest = f"@{reference.digest}" if reference.digest else ""
    tails = dict.fromkeys(("", tag, digest, tag + digest))
    return tuple(f"{name}{tail}" for name in sorted(names) for tail in tails)
