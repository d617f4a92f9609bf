"""What a restart remembers besides the facts in profiles: answers to references, and indexes.

References and identities stand in it only as a hash of both together, so that whoever reads it
learns neither which private images exist nor whose credentials open them. Facts are kept by digest
alone, so it also says which registry has shown which manifest: none gets facts by naming a digest.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeGuard, TypeVar, cast

from slimgate.core.errors import ImageError, InvalidFactsError
from slimgate.core.images.facts import Digest, Platform
from slimgate.core.images.oci import TELLING, Descriptor, Index
from slimgate.core.images.reference import Reference, parse_digest

T = TypeVar("T")

_MAX_ANSWERS: Final = 8_000
_MAX_INDEXES: Final = 2_000
_MAX_SHOWN: Final = 16_000
_HASH: Final = 32
_ENTRY: Final = 6
_VERSION: Final = "os.version"
_FEATURES: Final = "os.features"
_NO_PLATFORM: Final = Platform("unknown", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Digests by `answer_key`, indexes by digest, and `place_key:length` of each document shown.

    All in the order of their last use, the newest last. `seen` tells, by `answer_key`, when a
    registry last said so, in seconds since 1970: a restart makes no answer younger.
    """

    answers: Mapping[str, Digest] = field(default_factory=dict)
    seen: Mapping[str, int] = field(default_factory=dict)
    indexes: Mapping[Digest, Index] = field(default_factory=dict)
    shown: Sequence[str] = ()

    def holds_the_same(self, other: "Memory") -> bool:
        """Whether both hold the same entries, in whatever order and however old."""
        return (self.answers, self.indexes, set(self.shown)) == (
            other.answers,
            other.indexes,
            set(other.shown),
        )

    def is_younger(self, other: "Memory") -> bool:
        """Whether any answer was given since; clocks are apart by no more than a second here."""
        return any(seen > other.seen.get(key, 0) + 1 for key, seen in self.seen.items())


def answer_key(reference: Reference, identity_key: str) -> str:
    """Hash a reference together with the identity that asked for it."""
    return hashlib.sha256(f"{reference}\0{identity_key}".encode()).hexdigest()[:_HASH]


def place_key(registry: str, digest: Digest) -> str:
    """Hash a registry together with a digest that it has shown the manifest of."""
    return hashlib.sha256(f"{registry}\0{digest}".encode()).hexdigest()[:_HASH]


def to_json(memory: Memory, share: float = 1.0) -> bytes:
    """Write the newest of what is remembered, or a share of that."""
    indexes = dict(_newest(list(memory.indexes.items()), _MAX_INDEXES, share))
    answers = _newest(list(memory.answers.items()), _MAX_ANSWERS, share)
    root = {
        # Each key once: they are what does not compress.
        "answers": {key: [digest, memory.seen.get(key)] for key, digest in answers},
        "indexes": {digest: _index_to_json(index) for digest, index in indexes.items()},
        "shown": _newest(memory.shown, _MAX_SHOWN, share),
    }
    return json.dumps(root, separators=(",", ":")).encode()


def from_json(body: bytes) -> Memory:
    """Read what to_json wrote; InvalidFactsError if it is anything else."""
    try:
        root = cast("dict[str, dict[str, object]]", json.loads(body))
        return Memory(
            answers={key: parse_digest(_digest(one)) for key, one in root["answers"].items()},
            seen={k: one[1] for k, one in root["answers"].items() if _is_told(one)},
            indexes={
                parse_digest(key): _index(cast("dict[str, object]", value))
                for key, value in root["indexes"].items()
            },
            shown=tuple(map(str, root["shown"])),
        )
    except (
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
        ImageError,
    ) as error:
        raise InvalidFactsError("the saved state of the previous run can't be read") from error


def _digest(answer: object) -> str:
    return str(answer[0] if isinstance(answer, list) else answer)


def _is_told(answer: object) -> TypeGuard[list[int]]:
    return isinstance(answer, list) and type(answer[1]) is int


def _newest(entries: Sequence[T], most: int, share: float) -> Sequence[T]:
    return entries[len(entries) - int(min(len(entries), most) * share) :]


def _index_to_json(index: Index) -> dict[str, object]:
    # What is for no machine is never chosen.
    images = (entry for entry in index.manifests if entry.platform != _NO_PLATFORM)
    return {"mediaType": index.media_type, "manifests": list(map(_entry, images))}


def _entry(descriptor: Descriptor) -> list[object]:
    platform = descriptor.platform
    words = (platform.os, platform.architecture, platform.variant) if platform else (None,) * 3
    kept = {key: descriptor.annotations[key] for key in TELLING if key in descriptor.annotations}
    if descriptor.os_version is not None:
        kept[_VERSION] = descriptor.os_version
    if descriptor.os_features:
        kept[_FEATURES] = ""
    return [
        descriptor.digest,
        descriptor.media_type,
        descriptor.size,
        *words,
        *([kept] * bool(kept)),
    ]


def _index(raw: Mapping[str, object]) -> Index:
    manifests = cast("list[list[object]]", raw["manifests"])
    return Index(
        media_type=str(raw["mediaType"]),
        manifests=tuple(map(_descriptor, manifests)),
        annotations={},
    )


def _descriptor(raw: list[object]) -> Descriptor:
    if len(raw) not in {_ENTRY, _ENTRY + 1} or type(raw[2]) is not int or raw[2] < 0:
        raise ValueError("no index entry")
    words = (None if word is None else str(word) for word in raw[3:_ENTRY])
    system, architecture, variant = words
    platform = Platform(system or "", architecture, variant) if architecture else None
    kept = cast("dict[str, object]", raw[_ENTRY] if len(raw) > _ENTRY else {})
    return Descriptor(
        digest=parse_digest(str(raw[0])),
        media_type=str(raw[1]),
        size=raw[2],
        platform=platform,
        os_version=str(kept[_VERSION]) if _VERSION in kept else None,
        os_features=_FEATURES in kept,
        annotations={key: str(kept[key]) for key in TELLING if key in kept},
    )
