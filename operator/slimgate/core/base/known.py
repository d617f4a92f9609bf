"""Bases that an image can be compared with, and the longest of them that it stands on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from slimgate.core.base.infer import infer
from slimgate.core.base.toolchains import makes_builder, toolchains_in
from slimgate.core.base.traces import traces_of
from slimgate.core.image import Base, DiffID, ImageFacts, LayerContents
from slimgate.core.oci import ImageConfig
from slimgate.core.reference import Reference
from slimgate.core.tier import Evidence, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBase:
    """A base that was found in its registry, for one platform.

    `reference` is its canonical text; `name` is what messages call it and globs match. `tier` is
    the word of its BaseImage, else what the base's config tells, else None. `base_image` is the
    name of that BaseImage, None for a base that an image claims.
    """

    reference: str
    name: str
    tier: Tier | None = None
    family: str | None = None
    diff_ids: tuple[DiffID, ...] = ()
    toolchains: tuple[str, ...] = ()
    base_image: str | None = None

    @classmethod
    def of(
        cls,
        reference: Reference,
        config: ImageConfig,
        *,
        name: str | None = None,
        tier: Tier | None = None,
        layer_sizes: Sequence[int | None] = (),
        unpacked_sizes: Sequence[int | None] = (),
        contents: Sequence[LayerContents | None] = (),
    ) -> "KnownBase":
        """Make one of a base's reference and config; `name` and `tier` are a policy's words.

        Sizes and contents are those of the base's own layers; without them a tier that only the
        size tells stays None.
        """
        traces = traces_of(
            config, layer_sizes=layer_sizes, unpacked_sizes=unpacked_sizes, contents=contents
        )
        clue = infer(traces)
        return cls(
            reference=str(reference),
            name=name or reference.familiar,
            tier=clue.tier if tier is None else tier,
            family=clue.family,
            diff_ids=config.diff_ids,
            toolchains=toolchains_in(traces),
        )


def longest(diff_ids: tuple[DiffID, ...], bases: Iterable[KnownBase]) -> KnownBase | None:
    """Find the base that covers most of an image's layers; the first of equals, None if none."""
    return max(
        (base for base in bases if stands_on(diff_ids, base)),
        key=lambda base: len(base.diff_ids),
        default=None,
    )


def stands_on(diff_ids: tuple[DiffID, ...], base: KnownBase) -> bool:
    """Whether an image's lowest layers are the base's; a base without layers proves nothing."""
    return bool(base.diff_ids) and diff_ids[: len(base.diff_ids)] == base.diff_ids


def with_known(facts: ImageFacts, known: Iterable[KnownBase]) -> ImageFacts:
    """Name the known base that an image is based on, if it covers as much as the base found so far.

    Facts of a digest never change, but which bases are known does, so this comes last.
    """
    diff_ids = tuple(layer.diff_id for layer in facts.layers if layer.diff_id is not None)
    if len(diff_ids) != len(facts.layers):
        return facts
    below = [base for base in known if stands_on(diff_ids, base)]
    best = longest(diff_ids, below)
    if best is None:
        return facts
    names = dict.fromkeys(base.base_image for base in below if base.base_image is not None)
    found = _longer(facts, best) if (facts.base.layers or 0) > len(best.diff_ids) else None
    base = found or _known(facts, best, below)
    return replace(facts, base=replace(base, claims=facts.base.claims, base_images=tuple(names)))


def _longer(facts: ImageFacts, best: KnownBase) -> Base:
    """Keep a base that the image claims, which is built on a known one and no slimmer than that."""
    tiers = [tier for tier in (facts.base.tier, best.tier) if tier is not None]
    tier = max(tiers, default=None)
    inferred = facts.base.tier_inferred and tier is not best.tier
    return replace(facts.base, tier=tier, tier_inferred=inferred)


def _known(facts: ImageFacts, best: KnownBase, below: Sequence[KnownBase]) -> Base:
    own = facts.base.name if facts.base.layers == len(best.diff_ids) else None
    same = [base.name for base in below if len(base.diff_ids) == len(best.diff_ids)]
    aliases = dict.fromkeys(name for name in (*same, own) if name and name != best.name)
    tier = facts.base.tier if best.tier is None else best.tier
    if makes_builder(set(facts.toolchains).difference(best.toolchains)):
        tier = Tier.BUILDER
    return Base(
        name=best.name,
        family=best.family or facts.base.family,
        tier=tier,
        evidence=Evidence.PROVEN,
        tier_inferred=tier is not None and tier is not best.tier,
        layers=len(best.diff_ids),
        contradiction=facts.base.contradiction,
        aliases=tuple(aliases),
    )
