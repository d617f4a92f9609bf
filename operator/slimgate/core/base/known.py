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
    a policy's own word, else what the base's config tells, else None.
    """

    reference: str
    name: str
    tier: Tier | None = None
    family: str | None = None
    diff_ids: tuple[DiffID, ...] = ()
    toolchains: tuple[str, ...] = ()

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
    """Name the known base that an image stands on, if it covers as much as the base found so far.

    Facts of a digest never change, but which bases policies name does, so this comes last.
    """
    diff_ids = tuple(layer.diff_id for layer in facts.layers if layer.diff_id is not None)
    best = longest(diff_ids, known) if len(diff_ids) == len(facts.layers) else None
    if best is None or (facts.base.layers or 0) > len(best.diff_ids):
        return facts
    tier = facts.base.tier if best.tier is None else best.tier
    added = set(facts.toolchains).difference(best.toolchains)
    base = Base(
        name=best.name,
        family=best.family or facts.base.family,
        tier=Tier.BUILDER if makes_builder(added) else tier,
        evidence=Evidence.PROVEN,
        layers=len(best.diff_ids),
        contradiction=facts.base.contradiction,
    )
    return replace(facts, base=base)
