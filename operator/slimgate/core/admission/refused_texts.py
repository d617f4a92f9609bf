"""Refused images as RefusedImageSets, which the API server's own policy reads (ADR 26).

It makes JSON of each set and reads it again for every admission, so that all of them together have
to be small, and few long texts are cheaper than many short ones. What is looked up is searched for
as text, among the lines that end alike.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from slimgate.core.admission.refusals import ImageRefusal, PolicyScope, RefusedImage
from slimgate.core.matching.selector import Selector

MAX_KEYS: Final = 10_000
MAX_BYTES: Final = 32 * 2**10
"""Of a set: measured, all that there may be take an admission some milliseconds."""
MAX_PARTS: Final = 2
_MAX_SCOPE_BYTES: Final = 4 * 2**10
_MAX_SCOPES_BYTES: Final = 8 * 2**10
_MAX_SENTENCES: Final = 8
"""Of one refusal: the last of them matter least."""
_ID_LENGTH: Final = 16

# Nothing that is written has control characters.
_LINE: Final = "\n"
_FIELD: Final = "\t"
_ITEM: Final = "\v"
_SCOPES: Final = "scopes"
_SENTENCES: Final = "sentences"
_REFUSALS: Final = "refusals."
_IMAGES: Final = "images."
_ALIKE: Final = 1
"""Characters at the end of a key, or the start of an id, that lines of one value have in common."""

Data = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedTexts:
    """The data of each set, and what had no room: keys, and policies."""

    parts: tuple[Data, ...] = ()
    keys: int = 0
    left_out: int = 0
    too_long: tuple[str, ...] = ()


def texts_of(images: Iterable[RefusedImage]) -> RefusedTexts:
    """Write refused images down; of too many, each namespace keeps about as many as any other."""
    written = _Written()
    chosen, keys, total = [], 0, 0
    for image in _by_turns(images):
        entry = written.entry(image)
        total += len(entry.keys)
        if entry.keys and keys + len(entry.keys) <= MAX_KEYS:
            chosen.append(entry)
            keys += len(entry.keys)
    number, fitting = 1, _fitting(chosen, 1, written)
    while len(fitting) < len(chosen) and number < MAX_PARTS:
        number *= 2
        fitting = _fitting(chosen, number, written)
    held = sum(len(entry.keys) for entry in fitting)
    return RefusedTexts(
        parts=tuple(
            written.data([entry for entry in fitting if entry.part(number) == part])
            for part in range(number if fitting else 0)
        ),
        keys=held,
        left_out=total - held,
        too_long=tuple(sorted(written.too_long)),
    )


def remembered(data: Mapping[str, object]) -> Iterator[str]:
    """Yield the references that were written and that every namespace may know of."""
    private, references = set[str](), list[tuple[str, str]]()
    for name, value in data.items():
        for line in str(value).split(_LINE):
            key, _, rest = line.partition(_FIELD)
            if name.startswith(_REFUSALS) and any(
                item.rpartition(_FIELD)[2] for item in rest.split(_ITEM)
            ):
                private.add(key)
            if name.startswith(_IMAGES) and "/" in key:
                references.append((key, rest))
    by_tag = {refusal for key, refusal in references if "@" not in key}
    for key, refusal in references:
        # What a tag leads to again need not be looked up by its digest, too.
        if refusal not in private and not ("@" in key and refusal in by_tag):
            yield key


@dataclass(frozen=True, slots=True)
class _Entry:
    hash: int
    keys: Mapping[str, str]
    """The refusals that each key means, by their id."""
    bytes: int

    def part(self, number: int) -> int:
        return self.hash % number


class _Written:
    """Scopes, sentences and refusals, each written once and known by a hash of itself."""

    def __init__(self) -> None:
        self._scopes: dict[PolicyScope, tuple[str, str] | None] = {}
        self._sentences: dict[str, str] = {}
        self._order: list[str] = []
        """Of the sentences: as they come in each denial."""
        self._refusals: dict[str, str] = {}
        self._needs: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self._scope_bytes = 0
        self.too_long: set[str] = set()

    def entry(self, image: RefusedImage) -> _Entry:
        keys: dict[str, str] = {}
        for key, refusals in image.keys.items():
            if name := self._refusal(refusals):
                keys[key] = name
        size = sum(len(key) + len(name) + 2 for key, name in keys.items())
        size += sum(len(self._refusals[name].encode()) + len(name) + 2 for name in {*keys.values()})
        return _Entry(int(_id(image.name), 16), keys, size)

    def data(self, entries: Sequence[_Entry]) -> Data:
        images = {key: name for entry in entries for key, name in entry.keys.items()}
        names = sorted({*images.values()})
        scopes = {scope for name in names for scope in self._needs[name][0]}
        said = {number for name in names for number in self._needs[name][1]}
        lines: dict[str, list[str]] = {
            _SCOPES: [one[1] for one in self._scopes.values() if one and one[0] in scopes],
            _SENTENCES: [
                f"{number}{_FIELD}{text}"
                for text in self._order
                if (number := self._sentences[text]) in said
            ],
        }
        for name in names:
            lines.setdefault(f"{_REFUSALS}{name[:_ALIKE]}", []).append(
                f"{name}{_FIELD}{self._refusals[name]}"
            )
        for key, name in sorted(images.items()):
            lines.setdefault(f"{_IMAGES}{key[-_ALIKE:]}", []).append(f"{key}{_FIELD}{name}")
        # Each line begins with its own end, so that it is found by its key alone.
        return {name: "".join(f"{_LINE}{one}" for one in some) for name, some in lines.items()}

    def shared_bytes(self, entries: Sequence[_Entry]) -> int:
        data = self.data(entries)
        return sum(len(data[name].encode()) for name in (_SCOPES, _SENTENCES))

    def _refusal(self, refusals: Sequence[ImageRefusal]) -> str | None:
        items: list[str] = []
        scopes: set[str] = set()
        said: set[str] = set()
        for one in refusals:
            if one.scope not in self._scopes:
                self._scopes[one.scope] = self._scope(one.scope)
            scope = self._scopes[one.scope]
            if scope is None:
                continue
            self._take_in(one.after)
            after = [self._sentences[text] for text in one.after[:_MAX_SENTENCES]]
            namespaces = ",".join(sorted(one.namespaces or ()))
            items.append(_FIELD.join((scope[0], one.says, ",".join(after), namespaces)))
            scopes.add(scope[0])
            said.update(after)
        if not items:
            return None
        text = _ITEM.join(items)
        name = _id(text)
        self._refusals[name] = text
        self._needs[name] = (frozenset(scopes), frozenset(said))
        return name

    def _take_in(self, sentences: Sequence[str]) -> None:
        """Give new sentences a place before what comes after them here."""
        place = len(self._order)
        for text in reversed(sentences):
            if text in self._sentences:
                place = self._order.index(text)
            else:
                self._sentences[text] = _id(text)
                self._order.insert(place, text)

    def _scope(self, scope: PolicyScope) -> tuple[str, str] | None:
        """Write a scope; policies whose match is too long to be compared each time are left out."""
        name = _id([one.name for one in scope.policies])
        text = _FIELD.join((name, *_fields(scope)))
        if len(text) > _MAX_SCOPE_BYTES or self._scope_bytes + len(text) > _MAX_SCOPES_BYTES:
            self.too_long.update(one.name for one in scope.policies)
            return None
        self._scope_bytes += len(text)
        return name, text


def _fitting(entries: Sequence[_Entry], number: int, written: _Written) -> list[_Entry]:
    """Choose what fits into so many sets."""
    room = MAX_BYTES - written.shared_bytes(entries)
    taken: Counter[int] = Counter()
    fitting = []
    for entry in entries:
        part = entry.part(number)
        if taken[part] + entry.bytes <= room:
            taken[part] += entry.bytes
            fitting.append(entry)
    return fitting


def _by_turns(images: Iterable[RefusedImage]) -> list[RefusedImage]:
    turns: Counter[str] = Counter()
    ranked = []
    for image in sorted(images, key=lambda one: (one.name, min(one.keys))):
        whose = min(image.namespaces, default="")
        ranked.append((turns[whose], image))
        turns[whose] += 1
    return [image for _, image in sorted(ranked, key=lambda one: one[0])]


def _fields(scope: PolicyScope) -> Iterator[str]:
    """Write whom a scope applies to, each part in the form in which the policy compares it."""
    yield _pattern(scope.namespaces.include)
    yield _pattern(scope.namespaces.exclude)
    yield ",".join(scope.spared)
    yield ",".join(sorted(f"{group}/{kind}" for group, kind in scope.resources))
    yield _requirements(scope.namespace_selector)
    yield _requirements(scope.object_selector)


def _requirements(selector: Selector | None) -> str:
    return ";".join(
        f"{one.key}|{one.operator}|{','.join(sorted(one.values))}"
        for one in (selector.requirements if selector is not None else ())
    )


def _pattern(globs: Sequence[str]) -> str:
    """Write globs for names, which have no slash, as one regular expression of RE2."""
    if not globs:
        return ""
    return f"^({'|'.join(''.join(map(_piece, glob)) for glob in sorted(globs))})$"


def _piece(character: str) -> str:
    if character in "*?":
        return ".*" if character == "*" else "."
    if character.isascii() and character.isalnum():
        return character
    return f"\\x{{{ord(character):x}}}"


def _id(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:_ID_LENGTH]
