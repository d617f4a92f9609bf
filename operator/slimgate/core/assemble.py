"""Makes an image's facts of its manifest, its config and readings of its layers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from slimgate.core.base import KnownBase, find_base, find_toolchains
from slimgate.core.images.facts import (
    NOT_ASKED,
    DiffID,
    Digest,
    ImageFacts,
    Layer,
    LayerContents,
    Platform,
    Size,
    Wants,
)
from slimgate.core.images.oci import ImageConfig, Manifest

UNKNOWN_PLATFORM: Final = Platform("unknown", "unknown")
"""Of a manifest whose config nobody has read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerLook:
    """What is known of one layer besides its descriptor."""

    pull: Size
    unpacked: Size = field(default_factory=lambda: Size.unknown(NOT_ASKED))
    contents: LayerContents | None = None


def facts_of(
    digest: Digest | None,
    manifest: Manifest,
    looks: Sequence[LayerLook],
    *,
    config: ImageConfig | None = None,
    claimed: Sequence[KnownBase] = (),
    unchecked: str | None = None,
    unread: str | None = None,
    place: str | None = None,
    artifact: str | None = None,
    fault: str | None = None,
) -> ImageFacts:
    """Assemble facts; `looks` has one entry a layer, `claimed` are bases found for its claims.

    `unchecked` says why a claimed base could not be looked up for now, and `unread` why a layer
    could not; `place` is the `place_key` of the registry that was asked. `artifact` is what its
    config shows it to be, if not an image, and `fault` why that can't be used.

    What an index says of the platform is left out: another index may say something else.
    """
    made = _instructions(config, len(manifest.layers))
    diff_ids = _diff_ids(config, manifest)
    layers = tuple(
        Layer(
            digest=descriptor.digest,
            diff_id=diff_id,
            media_type=descriptor.media_type,
            pull=look.pull,
            unpacked=look.unpacked,
            created_by=instruction,
        )
        for descriptor, look, diff_id, instruction in zip(
            manifest.layers, looks, diff_ids, made, strict=True
        )
    )
    kind = artifact or (None if manifest.may_run else manifest.kind)
    facts = ImageFacts(
        digest=digest,
        media_type=manifest.media_type,
        platform=UNKNOWN_PLATFORM,
        layers=layers,
        artifact_type=kind,
        estimated_by=place if any(look.unpacked.is_unverified for look in looks) else None,
        fault=fault,
    )
    if config is None or kind is not None:
        return facts
    whole = _with_config(facts, manifest.annotations, looks, config, claimed)
    return replace(whole, base=replace(whole.base, unchecked=unchecked, unread=unread))


def coverage(facts: ImageFacts) -> Wants:
    """Tell how much was asked for when facts that were kept were put together."""
    if facts.artifact_type is not None:
        return Wants(config=True, layers=True)
    known = facts.platform != UNKNOWN_PLATFORM
    layers = all(layer.unpacked.reason != NOT_ASKED for layer in facts.layers)
    return Wants(config=known, layers=known and layers)


def has_config(facts: ImageFacts) -> bool:
    """Whether there is nothing to gain by reading the config, which alone tells diffIDs.

    An index tells the platform of an image whose config nobody has read, so that is no sign.
    """
    named = any(layer.diff_id is not None for layer in facts.layers)
    return named or not facts.layers or facts.artifact_type is not None


def without_unverified(facts: ImageFacts) -> ImageFacts:
    """Leave out what rests on a registry's word, so that another is asked; measured sizes stay.

    So does what the config says, since bases and toolchains are inferred from sizes too.
    """
    if not _is_unverified(facts):
        return facts
    layers = tuple(
        replace(
            layer,
            diff_id=None,
            created_by=None,
            unpacked=Size.unknown(NOT_ASKED) if layer.unpacked.is_unverified else layer.unpacked,
        )
        for layer in facts.layers
    )
    return ImageFacts(
        digest=facts.digest,
        media_type=facts.media_type,
        platform=UNKNOWN_PLATFORM,
        layers=layers,
        artifact_type=facts.artifact_type,
    )


def better_of(held: ImageFacts, other: ImageFacts) -> ImageFacts:
    """Take over what other facts of the same manifest know better; `held` itself if nothing is.

    Where both hold estimates, the same registry must have given them. Sizes are compared layer by
    layer; the rest follows from sizes too, and is taken from the stronger one.
    """
    if not is_of(held, [layer.digest for layer in other.layers]):
        return held
    sizes = tuple(
        theirs.unpacked if theirs.unpacked.is_better_than(ours.unpacked) else ours.unpacked
        for ours, theirs in zip(held.layers, other.layers, strict=True)
    )
    is_same = sizes == tuple(layer.unpacked for layer in held.layers)
    if is_same and coverage(held).covers(coverage(other)):
        return held
    estimated_by = held.estimated_by if _is_unverified(held) else other.estimated_by
    return _with_sizes(_stronger(held, other), sizes, estimated_by)


def after_another_look(
    found: ImageFacts, held: ImageFacts, failed: Sequence[bool], *, less: bool
) -> ImageFacts:
    """Merge what another look `found` with the facts that are `held`.

    What was measured stays, and so does what is known of layers at which the look `failed`. All
    else is as it was found; if the look could find `less`, only stronger evidence replaces what is
    held.
    """
    sizes = tuple(
        old.unpacked
        if (old.unpacked.is_measured and not new.unpacked.is_measured)
        or (is_lost and old.unpacked.reason != NOT_ASKED)
        else new.unpacked
        for new, old, is_lost in zip(found.layers, held.layers, failed, strict=True)
    )
    estimated_by = found.estimated_by or held.estimated_by
    return _with_sizes(_stronger(held, found) if less else found, sizes, estimated_by)


def is_of(facts: ImageFacts, layers: Sequence[Digest | None]) -> bool:
    """Whether facts speak of these layers: profiles are objects that can be edited."""
    return [layer.digest for layer in facts.layers] == list(layers)


def _with_sizes(facts: ImageFacts, sizes: Sequence[Size], estimated_by: str | None) -> ImageFacts:
    pairs = zip(facts.layers, sizes, strict=True)
    layers = tuple(replace(layer, unpacked=size) for layer, size in pairs)
    is_unverified = any(size.is_unverified for size in sizes)
    return replace(facts, layers=layers, estimated_by=estimated_by if is_unverified else None)


def _is_unverified(facts: ImageFacts) -> bool:
    return any(layer.unpacked.is_unverified for layer in facts.layers)


def _stronger(held: ImageFacts, other: ImageFacts) -> ImageFacts:
    """Choose what is better proven, `held` if neither is, unless less was asked for it."""
    if _strength(held) != _strength(other):
        return max(held, other, key=_strength)
    return held if coverage(held).covers(coverage(other)) else other


def _strength(facts: ImageFacts) -> tuple[bool, bool, int]:
    # That a claim is false is proven, though the base that it leaves is not.
    base = facts.base
    strength = -1 if base.evidence is None else base.evidence.strength
    return base.unread is None, base.contradiction is not None, strength


def _with_config(
    facts: ImageFacts,
    annotations: Mapping[str, str],
    looks: Sequence[LayerLook],
    config: ImageConfig,
    claimed: Sequence[KnownBase],
) -> ImageFacts:
    pulls = tuple(look.pull.bytes for look in looks)
    unpacked = tuple(look.unpacked.bytes for look in looks)
    contents = tuple(look.contents for look in looks)
    return replace(
        facts,
        platform=config.platform,
        base=find_base(
            config,
            annotations=annotations,
            layer_sizes=pulls,
            unpacked_sizes=unpacked,
            claimed=claimed,
            contents=contents,
        ),
        toolchains=find_toolchains(
            config, layer_sizes=pulls, unpacked_sizes=unpacked, contents=contents
        ),
        created=config.created,
    )


def _diff_ids(config: ImageConfig | None, manifest: Manifest) -> tuple[DiffID | None, ...]:
    if config is None or not manifest.fits(len(config.diff_ids)):
        return (None,) * len(manifest.layers)
    if len(config.diff_ids) == len(manifest.layers):
        return config.diff_ids
    left = iter(config.diff_ids)
    return tuple(next(left) if layer.is_file_system else None for layer in manifest.layers)


def _instructions(config: ImageConfig | None, count: int) -> tuple[str | None, ...]:
    """Give each layer the history entry that made it, where the history accounts for all."""
    steps = [entry for entry in config.history if not entry.empty_layer] if config else []
    if len(steps) != count:
        return (None,) * count
    return tuple(step.created_by or None for step in steps)
