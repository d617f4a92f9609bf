"""ImageProfiles: facts as a cluster keeps them, small whatever an image says of itself.

They differ from what `slimgate inspect` prints: what is unknown is left out, with a reason beside
it; sizes stand there for people, too; texts are cut, and layers beyond the first 128 are summed.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from slimgate.core.errors import InvalidFactsError, InvalidReferenceError
from slimgate.core.images.facts import Base, Digest, ImageFacts, Layer, Size, total
from slimgate.core.images.facts_json import from_json, to_json
from slimgate.core.images.reference import Reference, parse_digest
from slimgate.core.images.tier import Evidence
from slimgate.core.json_object import JsonDocument
from slimgate.core.quantity import format_quantity
from slimgate.core.text import printable

MAX_LAYERS: Final = 128
"""As many as overlayfs stacks on old kernels; more than nearly every image has."""
_MAX_TOOLCHAINS: Final = 64
_MAX_IMAGE: Final = 512
_INSTRUCTION: Final = "createdBy"
_LONGEST: Final = 1024
_CUT: Final = "…"
_MAX_TEXTS: Final[Mapping[str, int]] = {
    "mediaType": 255, "artifactType": 255, "os": 64, "architecture": 64, "variant": 64,
    "pullReason": 256, "unpackedReason": 256, _INSTRUCTION: 256, "name": 512,
    "family": 128, "otherFamilies": 128, "looksLike": 512, "basedOn": 512,
    "toolchains": 128, "created": 64, "estimatedBy": 64,
}  # fmt: skip
"""The lengths that the ImageProfile CRD allows; a test compares them."""

_FACTS: Final = (
    "digest", "mediaType", "artifactType", "os", "architecture", "variant",
    "pullSize", "pullBytes", "pullReason",
    "unpackedSize", "unpackedBytes", "unpackedReason", "unpackedAtLeast", "unpackedEvidence",
    "layerCount", "layers", "moreLayers", "basedOn", "base",
    "toolchains", "created", "estimatedBy",
)  # fmt: skip
_BASE: Final = (
    "name", "family", "familyEvidence", "otherFamilies", "looksLike", "tier", "tierEvidence",
    "evidence", "layerCount", "contradiction", "unchecked", "claims",
)  # fmt: skip
_MORE: Final = ("count", "pullBytes", "unpackedBytes")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile holds: facts, None where it lists only some of the layers."""

    digest: Digest
    facts: ImageFacts | None


def to_profile(facts: ImageFacts, image: str | None = None) -> JsonDocument:
    """Write the fields of an ImageProfile; `image` is what people know it by."""
    written = to_json(facts)
    layers = written["layers"]
    assert isinstance(layers, list)
    more = facts.layers[MAX_LAYERS:]
    whole: JsonDocument = {
        **written,
        "pullSize": _shown(facts.pull),
        "unpackedSize": _shown(facts.unpacked),
        "basedOn": facts.base.name or facts.base.family,
        "layers": layers[:MAX_LAYERS],
        "moreLayers": _summed(more) if more else None,
        "toolchains": list(facts.toolchains[:_MAX_TOOLCHAINS]),
        "estimatedBy": facts.estimated_by,
    }
    fields: JsonDocument = {"facts": _bounded("facts", whole)}
    return fields if image is None else {"image": _short(image, _MAX_IMAGE), **fields}


def from_profile(facts: Mapping[str, object]) -> Profile:
    """Read the facts of a profile; InvalidFactsError says which field is not as it should be."""
    text = facts.get("digest")
    if not isinstance(text, str):
        raise InvalidFactsError("digest: it is missing")
    try:
        digest = parse_digest(text)
    except InvalidReferenceError as err:
        raise InvalidFactsError(f"digest: {err}") from err
    # Facts without some layers would be wrong, so the image is looked up again.
    found = None if "moreLayers" in facts else from_json(facts)
    return Profile(digest, None if found is None or _is_former(found.base) else found)


def replacing(profile: Mapping[str, object]) -> JsonDocument:
    """Make the merge patch that leaves nothing of an older profile: null removes a field."""
    facts = profile["facts"]
    assert isinstance(facts, dict)
    whole = {**dict.fromkeys(_FACTS), **facts}
    for key, names in (("base", _BASE), ("moreLayers", _MORE)):
        if isinstance(whole[key], dict):
            whole[key] = {**dict.fromkeys(names), **whole[key]}
    return {"image": None, **profile, "facts": whole}


def recognisable(references: Iterable[str]) -> str | None:
    """Choose the reference that people know an image by: one with a tag, else the repository.

    The same references give the same choice in any order, so that no profile is written for it.
    """
    named = (_named(text) for text in references)
    known = [one for one in named if one is not None]
    best = min(known, key=lambda one: (one.tag is None, len(one.familiar), str(one)), default=None)
    return None if best is None else best.familiar


def _is_former(base: Base) -> bool:
    """Whether a base was written by a version that had another field for how far it reaches."""
    return base.evidence is Evidence.PROVEN and base.layers is None


def _named(text: str) -> Reference | None:
    """Read a reference without its digest, which is the profile's own name."""
    if text.startswith("sha256:"):
        return None
    try:
        found = Reference.parse(text)
    except InvalidReferenceError:
        return None
    return Reference(found.registry, found.repository, found.tag)


def _shown(size: Size) -> str | None:
    return None if size.bytes is None else format_quantity(size.bytes)


def _summed(layers: Sequence[Layer]) -> JsonDocument:
    """Sum layers that are not listed; what is unknown of them is left out."""
    return {
        "count": len(layers),
        "pullBytes": total(layer.pull for layer in layers).bytes,
        "unpackedBytes": total(layer.unpacked for layer in layers).bytes,
    }


def _bounded(key: str, value: object) -> object:
    """Cut texts and leave out what is unknown, at any depth."""
    if isinstance(value, str):
        return _short(value, _MAX_TEXTS.get(key, _LONGEST), twice=key == _INSTRUCTION)
    if isinstance(value, dict):
        known = {name: entry for name, entry in value.items() if entry is not None}
        return {name: _bounded(name, entry) for name, entry in known.items()}
    if isinstance(value, list):
        return [_bounded(key, entry) for entry in value]
    return value


def _short(text: str, limit: int, *, twice: bool = False) -> str:
    """Cut to `limit` characters, and to as many bytes of JSON, or twice as many."""
    shown, room = printable(text, limit), limit * (1 + twice)
    lengths = [*accumulate(map(_cost, shown), initial=0)]
    if lengths[-1] <= room:
        return shown
    return shown[: bisect_right(lengths, room - _cost(_CUT)) - 1] + _CUT


def _cost(char: str) -> int:
    """Tell how many bytes a character takes in the API server's JSON.

    Go escapes what HTML would take for markup: https://pkg.go.dev/encoding/json#Marshal
    """
    if char in "<>&":
        return 6
    return 2 if char in '"\\' else len(char.encode())
