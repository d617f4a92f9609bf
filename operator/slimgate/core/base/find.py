"""Decides what an image stands on: proof before claim before inference (design.md, Facts)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from slimgate.core.base.claims import Claim, claims_of
from slimgate.core.base.infer import infer
from slimgate.core.base.known import KnownBase, longest, stands_on
from slimgate.core.base.scratch import is_proven
from slimgate.core.base.toolchains import makes_builder, toolchains_in
from slimgate.core.base.traces import Clue, Traces, traces_of
from slimgate.core.image import UNKNOWN_BASE, Base, DiffID, LayerContents
from slimgate.core.oci import ImageConfig
from slimgate.core.reference import Reference
from slimgate.core.text import printable
from slimgate.core.tier import Evidence, Tier

_MAX_NAME: Final = 120


def find_base(
    config: ImageConfig,
    *,
    annotations: Mapping[str, str],
    layer_sizes: tuple[int | None, ...],
    unpacked_sizes: tuple[int | None, ...],
    known: Sequence[KnownBase],
    claimed: Sequence[KnownBase] = (),
    contents: Sequence[LayerContents | None] = (),
) -> Base:
    """Find an image's base and say on what evidence.

    Sizes are bytes and contents paths, one entry a layer, base first; None is unknown. `known`
    are bases of BaseImages, `claimed` those that the image claims (claims_of) and that were
    found in their registry by `Claim.reference`, for this image's platform.
    """
    traces = traces_of(
        config,
        annotations=annotations,
        layer_sizes=layer_sizes,
        unpacked_sizes=unpacked_sizes,
        contents=contents,
    )
    clue = infer(traces)
    false = _false_claim(config.diff_ids, clue, claimed)
    claims = claims_of(annotations, config.labels)
    base = _proven(traces, clue, known, claimed)
    if base is None and false is None:
        base = _claimed(clue, claims, claimed)
    return replace(
        base or _inferred(clue),
        contradiction=None if false is None else _contradiction(false),
        claims=tuple(claim.text for claim in claims),
    )


def _proven(
    traces: Traces, clue: Clue, known: Sequence[KnownBase], claimed: Sequence[KnownBase]
) -> Base | None:
    diff_ids = traces.config.diff_ids
    named, own = longest(diff_ids, known), longest(diff_ids, claimed)
    best = longest(diff_ids, [base for base in (named, own) if base])
    if best is None:
        return _scratch() if is_proven(traces) else None
    tier = _proven_tier(clue, named, best)
    if makes_builder(set(toolchains_in(traces)).difference(best.toolchains)):
        tier = Tier.BUILDER
    return Base(
        name=best.name,
        family=best.family or clue.family,
        tier=tier,
        evidence=Evidence.PROVEN,
        tier_inferred=tier is not None and tier not in {one.tier for one in (named, best) if one},
        layers=len(best.diff_ids),
    )


def _proven_tier(clue: Clue, named: KnownBase | None, best: KnownBase) -> Tier | None:
    """Give the tier of the best base: a policy's word stands, a claim's only where it is fatter.

    Who makes an image can also push a base whose config lies, and claim it.
    """
    if best is named:
        return clue.tier if best.tier is None else best.tier
    tiers = [base.tier for base in (named, best, clue) if base and base.tier is not None]
    tier = max(tiers, default=None)
    return None if tier is Tier.SCRATCH else tier


def _scratch() -> Base:
    return Base(
        name="scratch", family="scratch", tier=Tier.SCRATCH, evidence=Evidence.PROVEN, layers=0
    )


def _claimed(clue: Clue, claims: Sequence[Claim], compared: Sequence[KnownBase]) -> Base | None:
    """Report the first claim that nothing could be compared with; family and tier stay inferred."""
    looked_up = {_repository(base) for base in compared}
    open_claims = (claim for claim in claims if claim.reference.name not in looked_up)
    claim = next(open_claims, None)
    if claim is None:
        return None
    bare = clue.tier is Tier.SCRATCH
    return Base(
        name=Reference.parse(claim.name).familiar,
        family=None if bare else clue.family,
        # An image that names a base does not stand on nothing, whatever its history suggests.
        tier=None if bare else clue.tier,
        evidence=Evidence.CLAIMED,
    )


def _inferred(clue: Clue) -> Base:
    if clue == Clue():
        return UNKNOWN_BASE
    return Base(name=clue.name, family=clue.family, tier=clue.tier, evidence=Evidence.INFERRED)


def _false_claim(
    diff_ids: tuple[DiffID, ...], clue: Clue, claimed: Sequence[KnownBase]
) -> KnownBase | None:
    """Find a claimed base that the image does not stand on.

    A tag may have moved since the build: a claim without a digest is given the benefit of the
    doubt where the image shows the same family and is no fatter than the base.
    """
    for base in claimed:
        if base.diff_ids and not stands_on(diff_ids, base) and not _moved(base, clue):
            return base
    return None


def _moved(base: KnownBase, clue: Clue) -> bool:
    if Reference.parse(base.reference).digest is not None or clue.family is None:
        return False
    fatter = clue.tier is not None and base.tier is not None and clue.tier > base.tier
    return base.family == clue.family and not fatter


def _contradiction(base: KnownBase) -> str:
    name = printable(base.name, _MAX_NAME)
    return f"it claims to be based on {name}, but its lowest layers are not that base's"


def _repository(base: KnownBase) -> str:
    return Reference.parse(base.reference).name
