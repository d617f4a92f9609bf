"""Bases that were found in registries, and the longest of them that an image begins with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from slimgate.core.base.infer import infer
from slimgate.core.base.toolchains import makes_builder, toolchains_in
from slimgate.core.base.traces import traces_of
from slimgate.core.images.facts import Base, DiffID, ImageFacts, LayerContents
from slimgate.core.images.oci import ImageConfig
from slimgate.core.images.reference import Reference
from slimgate.core.images.tier import EMPTY_BASE, Evidence, Tier


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


def families_of(*families: str | None) -> tuple[str, ...]:
    """List families, the best evidence first; a base that looks bare has none to give."""
    return tuple(dict.fromkeys(one for one in families if one and one != EMPTY_BASE))


def with_known(facts: ImageFacts, known: Iterable[KnownBase]) -> ImageFacts:
    """Name the known bases that an image is based on, whatever else it is found to be based on.

    Facts of a digest never change, but which bases are known does, so this comes last.
    """
    diff_ids = tuple(layer.diff_id for layer in facts.layers if layer.diff_id is not None)
    if len(diff_ids) != len(facts.layers):
        return facts
    # The longest first; the first of equals stays the first.
    below = sorted(
        (base for base in known if stands_on(diff_ids, base)), key=lambda base: -len(base.diff_ids)
    )
    if not below:
        return facts
    covered = len(below[0].diff_ids)
    own = facts.base.layers or 0
    names = [base.name for base in below]
    if own and facts.base.name:
        # A claim adds a name, and takes none away.
        names.insert(0 if own > covered else len(names), facts.base.name)
    tier, is_proven = _tier(facts, below[0])
    proven = families_of(*(base.family for base in below))
    families = families_of(*proven, facts.base.family, *facts.base.other_families)
    if not families and tier is Tier.SCRATCH:
        families, proven = (EMPTY_BASE,), (EMPTY_BASE,) if is_proven else ()
    base = Base(
        name=names[0],
        family=next(iter(families), None),
        tier=tier,
        evidence=Evidence.PROVEN,
        tier_inferred=tier is not None and not is_proven,
        family_inferred=bool(families) and not proven,
        other_families=families[1:],
        layers=max(own, covered),
        contradiction=facts.base.contradiction,
        unchecked=facts.base.unchecked,
        unread=facts.base.unread,
        claims=facts.base.claims,
        aliases=tuple(name for name in dict.fromkeys(names) if name != names[0]),
        base_images=tuple(dict.fromkeys(base.base_image for base in below if base.base_image)),
    )
    return replace(facts, base=base)


def _tier(facts: ImageFacts, best: KnownBase) -> tuple[Tier | None, bool]:
    """Give the tier, and whether it is proven: what a BaseImage says stands, claims or no claims.

    One without a system says nothing of what was put on it: that the whole image is bare has a
    proof of its own. A toolchain that was added makes any a builder.
    """
    own, is_proven = facts.base.tier, facts.base.tier_evidence is Evidence.PROVEN
    tier = best.tier
    if tier is not None and tier is not Tier.SCRATCH:
        is_proven = True
    elif own is not None or facts.base.family is not None:
        tier = own
    added = set(facts.toolchains).difference(best.toolchains)
    if tier is not Tier.BUILDER and makes_builder(added):
        return Tier.BUILDER, False
    return tier, is_proven
