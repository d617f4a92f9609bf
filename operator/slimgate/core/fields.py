"""Reads the fields of policies and exceptions: every mistake is an error that names its path.

What is refused here is refused by the CustomResourceDefinitions, too, and nothing else is.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.json_object import JsonObject
from slimgate.core.matching.globs import MAX_GLOB
from slimgate.core.text import nearest, printable
from slimgate.core.workloads.kinds import GroupKind

_T = TypeVar("_T")
MAX_ENTRIES: Final = 64
_MAX_WORD: Final = 64


@dataclass(frozen=True, slots=True)
class Shape:
    """The form of a text: its pattern, its greatest length, and what the refusal asks for."""

    pattern: re.Pattern[str]
    longest: int
    wanted: str

    def up_to(self, longest: int) -> "Shape":
        """Make one of another length."""
        return replace(self, longest=longest)


ANY: Final = Shape(re.compile(r".*", re.DOTALL), 2**20, "must be text")
NAMESPACE_GLOB: Final = Shape(
    re.compile(r"[-a-z0-9*?]+"), 63, "must be a namespace or a glob of them, as in team-*"
)
_SEGMENT: Final = r"[-A-Za-z0-9._:@*?]+"
IMAGE_GLOB: Final = Shape(
    re.compile(rf"{_SEGMENT}(?:/[-a-z0-9._*?]+(?:[:@]{_SEGMENT})?)*"),
    MAX_GLOB,
    "must be an image reference or a glob of them, in lower case from the first / to the tag, as "
    "in registry.example.com/team/**",
)
_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(?:\.{_LABEL})*"
NAME: Final = Shape(
    re.compile(_SUBDOMAIN),
    253,
    "must be of lower-case letters, digits, '-' and '.', as in slim-images",
)
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/names/"""
_GROUP: Final = Shape(
    re.compile(rf"(?:{_SUBDOMAIN})?"),
    253,
    'must be an API group without its version, as in apps; write "" for the core group',
)
_KIND: Final = Shape(re.compile(r"[A-Z][A-Za-z0-9]*"), 63, "must be a kind, as in Deployment")
_CORE_KINDS: Final = frozenset({"Pod", "ReplicationController"})


def object_of(raw: object, path: str, known: Iterable[str] | None = None) -> JsonObject:
    """Read an object, with no other fields than the known ones; null is as good as absent.

    The API server drops nulls of custom resources before anyone sees them.
    """
    if not isinstance(raw, Mapping):
        raise InvalidPolicyError(path, "must be an object.")
    fields = None if known is None else sorted(known)
    for key in raw:
        if not isinstance(key, str):
            raise InvalidPolicyError(_below(path, str(key)), "must be text.")
        if fields is not None and key not in fields:
            meant = _meant(key, fields) or f"The fields are {', '.join(fields)}."
            raise InvalidPolicyError(_below(path, key), f"is not a field. {meant}")
    return {key: value for key, value in raw.items() if value is not None}


def _below(path: str, key: str) -> str:
    word = printable(key, _MAX_WORD)
    return f"{path}.{word}" if path else word


def text_of(raw: object, path: str, shape: Shape = ANY) -> str:
    """Read a text of a form."""
    if not isinstance(raw, str):
        raise InvalidPolicyError(path, "must be text.")
    if len(raw) > shape.longest:
        raise InvalidPolicyError(path, f"must not have more than {shape.longest} characters.")
    if not shape.pattern.fullmatch(raw):
        raise InvalidPolicyError(path, f"{shape.wanted}.")
    return raw


def texts_of(
    raw: object, path: str, shape: Shape = ANY, *, least: int = 0, most: int = MAX_ENTRIES
) -> tuple[str, ...]:
    """Read a list of texts, each once; empty where there is none."""
    found: dict[str, None] = {}
    for i, entry in enumerate(list_of(raw, path, least=least, most=most)):
        text = text_of(entry, f"{path}[{i}]", shape)
        if text in found:
            raise InvalidPolicyError(f"{path}[{i}]", "is listed twice.")
        found[text] = None
    return tuple(found)


def list_of(raw: object, path: str, *, least: int = 0, most: int = MAX_ENTRIES) -> list[object]:
    """Read a list; empty where there is none.

    Where a list that is left out means everything, `least` is 1: an empty one, as templates write
    it, would mean everything, too.
    """
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise InvalidPolicyError(path, "must be a list.")
    if len(raw) < least:
        raise InvalidPolicyError(path, "must not be empty: add an entry or leave it out.")
    if len(raw) > most:
        raise InvalidPolicyError(path, f"must not have more than {most} entries.")
    return raw


def flag_of(raw: object, path: str) -> bool:
    """Read true or false."""
    if not isinstance(raw, bool):
        raise InvalidPolicyError(path, "must be true or false.")
    return raw


def one_of(raw: object, choices: Mapping[str, _T], path: str) -> _T:
    """Read one of a few words."""
    if isinstance(raw, str) and raw in choices:
        return choices[raw]
    meant = f" {_meant(raw, choices)}" if isinstance(raw, str) else ""
    raise InvalidPolicyError(path, f"must be one of {', '.join(choices)}.{meant}".rstrip())


def group_kind_of(raw: JsonObject, path: str) -> GroupKind:
    """Read `apiGroup`, which must be there though it may be empty, and `kind`."""
    if "apiGroup" not in raw:
        raise InvalidPolicyError(f"{path}.apiGroup", 'is required; write "" for the core group.')
    group = text_of(raw["apiGroup"], f"{path}.apiGroup", _GROUP)
    kind = text_of(raw.get("kind", ""), f"{path}.kind", _KIND)
    if not group and kind not in _CORE_KINDS:
        raise InvalidPolicyError(
            f"{path}.apiGroup",
            "must not be empty: the core group has only Pod and ReplicationController; "
            "Deployment is in apps, Job in batch.",
        )
    return group, kind


_ALSO: Final = {
    "kind": "resources",
    "kinds": "resources",
    "workloads": "resources",
    "enforce": "mode",
    "enforcement": "mode",
    "action": "mode",
    "selector": "objectSelector",
    "labelSelector": "objectSelector",
    "repositories": "images",
    "until": "expirationTime",
    "expires": "expirationTime",
    "policies": "policyRefs",
}
"""What other tools, and people, call some fields."""


def _meant(word: str, words: Iterable[str]) -> str:
    also = _ALSO.get(word)
    words = list(words)
    right = also if also is not None and also in words else nearest(word, words)
    return f"Did you mean {right}?" if right else ""
