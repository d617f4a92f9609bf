"""Facts as JSON objects: what `slimgate inspect -o json` prints, and what ImageProfiles build on.

An unknown value is null; where it is a size, the reason stands beside it: `pullReason` beside
`pullBytes`. How an unpacked size is known stands beside it too: `unpackedEvidence`, and beside an
unknown one that has a lower bound `unpackedAtLeast`. An unknown one that is Measured will stay so.
Reading takes what is missing for unknown, and checks every field, since objects in a cluster can be
edited by hand.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeVar

from slimgate.core.errors import ImageError, InvalidFactsError
from slimgate.core.images.facts import (
    Base,
    DiffID,
    Digest,
    ImageFacts,
    Inspection,
    Layer,
    Platform,
    Size,
    SizeEvidence,
)
from slimgate.core.images.reference import parse_digest
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.json_object import JsonDocument
from slimgate.core.text import printable

T = TypeVar("T")

_MAX_BYTES: Final = 2**63 - 1
_MAX_LAYERS: Final = 1024


def inspection_to_json(inspection: Inspection) -> JsonDocument:
    """Write what a reference pointed at: one entry of `platforms` an image, and `gaps` if any."""
    gaps = [printable(gap.message, 512) for gap in inspection.gaps]
    return {
        "reference": inspection.reference,
        "digest": inspection.digest,
        "mediaType": inspection.media_type,
        "platforms": [to_json(image) for image in inspection.images],
        **({"gaps": gaps} if gaps else {}),
    }


def to_json(facts: ImageFacts) -> JsonDocument:
    """Write one image's facts; the totals are there for readers, and from_json ignores them."""
    return {
        "os": facts.platform.os,
        "architecture": facts.platform.architecture,
        "variant": facts.platform.variant,
        "digest": facts.digest,
        "mediaType": facts.media_type,
        **_size_to_json("pull", facts.pull),
        **_unpacked_to_json(facts.unpacked),
        "layerCount": len(facts.layers),
        "layers": [_layer_to_json(layer) for layer in facts.layers],
        "base": _base_to_json(facts.base),
        "toolchains": list(facts.toolchains),
        "created": facts.created,
        "artifactType": facts.artifact_type,
    }


def from_json(raw: Mapping[str, object]) -> ImageFacts:
    """Read what was written here; InvalidFactsError names the field that is not as it should be."""
    layers = _field(raw, "layers", list)
    if len(layers) > _MAX_LAYERS:
        raise InvalidFactsError(f"layers: there are more than {_MAX_LAYERS}")
    return ImageFacts(
        digest=_digest(raw, "digest"),
        media_type=_field(raw, "mediaType", str),
        platform=Platform(
            _field(raw, "os", str),
            _field(raw, "architecture", str),
            _optional(raw, "variant", str),
        ),
        layers=tuple(_layer(_mapping(entry, f"layers[{i}]")) for i, entry in enumerate(layers)),
        base=_base(_mapping(raw.get("base"), "base")),
        toolchains=_texts(_field(raw, "toolchains", list), "toolchains"),
        created=_optional(raw, "created", str),
        artifact_type=_optional(raw, "artifactType", str),
        estimated_by=_optional(raw, "estimatedBy", str),
    )


def _layer_to_json(layer: Layer) -> JsonDocument:
    return {
        "digest": layer.digest,
        "diffID": layer.diff_id,
        "mediaType": layer.media_type,
        **_size_to_json("pull", layer.pull),
        **_unpacked_to_json(layer.unpacked),
        "createdBy": layer.created_by,
    }


def _layer(raw: Mapping[str, object]) -> Layer:
    diff_id = _digest(raw, "diffID")
    return Layer(
        digest=_digest(raw, "digest"),
        diff_id=None if diff_id is None else DiffID(diff_id),
        media_type=_field(raw, "mediaType", str),
        pull=_size(raw, "pull"),
        unpacked=_unpacked(raw),
        created_by=_optional(raw, "createdBy", str),
    )


def _base_to_json(base: Base) -> JsonDocument:
    return {
        "name": base.name,
        "family": base.family,
        "familyEvidence": None if base.family_evidence is None else base.family_evidence.value,
        "otherFamilies": list(base.other_families),
        "looksLike": base.looks_like,
        "tier": None if base.tier is None else base.tier.label,
        "tierEvidence": None if base.tier_evidence is None else base.tier_evidence.value,
        "evidence": None if base.evidence is None else base.evidence.value,
        "layerCount": base.layers,
        "contradiction": base.contradiction,
        "unchecked": base.unchecked,
        "claims": list(base.claims),
    }


def _base(raw: Mapping[str, object]) -> Base:
    tier, evidence = _optional(raw, "tier", str), _optional(raw, "evidence", str)
    layers, of_tier = _optional(raw, "layerCount", int), _optional(raw, "tierEvidence", str)
    proven, family = evidence == Evidence.PROVEN.value, _optional(raw, "family", str)
    of_family = _optional(raw, "familyEvidence", str)
    try:
        return Base(
            name=_optional(raw, "name", str),
            family=family,
            tier=None if tier is None else Tier.of(tier),
            evidence=None if evidence is None else Evidence(evidence),
            tier_inferred=proven and of_tier == Evidence.INFERRED.value,
            # A family that does not say how it is known is trusted no more than it must be.
            family_inferred=proven and family is not None and of_family != Evidence.PROVEN.value,
            looks_like=_optional(raw, "looksLike", str),
            other_families=_texts(_optional(raw, "otherFamilies", list), "otherFamilies"),
            layers=layers,
            contradiction=_optional(raw, "contradiction", str),
            unchecked=_optional(raw, "unchecked", str),
            claims=_texts(_optional(raw, "claims", list), "claims"),
        )
    except (KeyError, ValueError) as err:
        what = f"base: {printable(str(err), 80)} is neither a tier nor evidence"
        raise InvalidFactsError(what) from err


def _size_to_json(kind: str, size: Size) -> JsonDocument:
    if size.bytes is not None:
        return {f"{kind}Bytes": size.bytes}
    return {f"{kind}Bytes": None, f"{kind}Reason": size.reason}


def _unpacked_to_json(size: Size) -> JsonDocument:
    evidence = None if size.evidence is None else size.evidence.value
    bound = {"unpackedAtLeast": size.at_least} if size.at_least else {}
    blocks = {} if size.on_disk is None else {"unpackedOnDisk": size.on_disk}
    return {**_size_to_json("unpacked", size), **bound, **blocks, "unpackedEvidence": evidence}


def _size(raw: Mapping[str, object], kind: str) -> Size:
    count = _count(raw, f"{kind}Bytes")
    if count is None:
        return Size(bytes=None, reason=_optional(raw, f"{kind}Reason", str))
    return Size.known(count)


def _unpacked(raw: Mapping[str, object]) -> Size:
    size, key = _size(raw, "unpacked"), "unpackedEvidence"
    evidence = _optional(raw, key, str)
    try:
        known = None if evidence is None else SizeEvidence(evidence)
    except ValueError as err:
        raise InvalidFactsError(f"{key}: it is neither Measured nor Estimated") from err
    if size.bytes is None:
        return replace(size, at_least=_count(raw, "unpackedAtLeast") or 0, evidence=known)
    # A size that does not say how it is known is trusted no more than it must be.
    blocks = _count(raw, "unpackedOnDisk") if known is SizeEvidence.MEASURED else None
    return replace(size, evidence=known or SizeEvidence.ESTIMATED, on_disk=blocks)


def _count(raw: Mapping[str, object], key: str) -> int | None:
    count = _optional(raw, key, int)
    if count is not None and not 0 <= count <= _MAX_BYTES:
        raise InvalidFactsError(f"{key}: {count} is not a number of bytes")
    return count


def _digest(raw: Mapping[str, object], key: str) -> Digest | None:
    text = _optional(raw, key, str)
    try:
        return None if text is None else parse_digest(text)
    except ImageError as err:
        raise InvalidFactsError(f"{key}: {err}") from err


def _mapping(value: object, path: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise InvalidFactsError(f"{path}: it must be an object")
    return value


def _field(raw: Mapping[str, object], key: str, kind: type[T]) -> T:
    value = _optional(raw, key, kind)
    if value is None:
        raise InvalidFactsError(f"{key}: it is missing")
    return value


def _optional(raw: Mapping[str, object], key: str, kind: type[T]) -> T | None:
    value = raw.get(key)
    if value is None:
        return None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise InvalidFactsError(f"{key}: it must be of type {kind.__name__}")
    return value


def _texts(texts: list[object] | None, key: str) -> tuple[str, ...]:
    found = [text for text in texts or () if isinstance(text, str)]
    if texts and len(found) != len(texts):
        raise InvalidFactsError(f"{key}: they must be strings")
    return tuple(found)
