"""Decides which base an image has: by proof, else by a claim, else by inference."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from slimgate.core.base.claims import Claim, claims_of
from slimgate.core.base.infer import infer
from slimgate.core.base.known import KnownBase, families_of, longest, stands_on
from slimgate.core.base.scratch import is_proven
from slimgate.core.base.traces import Clue, Traces, traces_of
from slimgate.core.images.facts import UNKNOWN_BASE, Base, DiffID, LayerContents
from slimgate.core.images.oci import ImageConfig
from slimgate.core.images.reference import Reference
from slimgate.core.images.tier import EMPTY_BASE, Evidence, Tier
from slimgate.core.text import printable

_MAX_NAME: Final = 120
_SCRATCH: Final = Base(
    name=EMPTY_BASE, family=EMPTY_BASE, tier=Tier.SCRATCH, evidence=Evidence.PROVEN, layers=0
)


def find_base(
    config: ImageConfig,
    *,
    annotations: Mapping[str, str],
    layer_sizes: tuple[int | None, ...],
    unpacked_sizes: tuple[int | None, ...],
    claimed: Sequence[KnownBase] = (),
    contents: Sequence[LayerContents | None] = (),
) -> Base:
    """Find an image's base and say on what evidence.

    Sizes are bytes and contents paths, one entry a layer, base first; None is unknown. `claimed`
    are bases that the image claims (claims_of) and that were found in their registry by
    `Claim.reference`, for this image's platform. Those of BaseImages come later: with_known.
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
    base = _proven(traces, clue, claimed)
    if base is None and false is None:
        base = _claimed(clue, claims, claimed)
    return replace(
        base or _inferred(clue),
        contradiction=None if false is None else _contradiction(false),
        claims=tuple(claim.text for claim in claims),
    )


def _proven(traces: Traces, clue: Clue, claimed: Sequence[KnownBase]) -> Base | None:
    """Find the longest claimed base that the layers prove, and whether they prove that all is bare.

    Who makes an image can also push a base whose config lies, and claim it. Proven is by what name
    it was found; its family and its tier are inferred, and never those of the empty base.
    """
    best = longest(traces.config.diff_ids, claimed)
    if is_proven(traces):
        return replace(_SCRATCH, name=best.name, layers=len(best.diff_ids)) if best else _SCRATCH
    if best is None:
        return None
    # Scratch is the lowest of all, and falsy.
    tier = max(filter(None, (clue.tier, best.tier)), default=None)
    families = families_of(clue.family, best.family)
    return Base(
        name=best.name,
        family=next(iter(families), None),
        tier=tier,
        evidence=Evidence.PROVEN,
        tier_inferred=tier is not None,
        family_inferred=bool(families),
        other_families=families[1:],
        looks_like=_looks_like(clue),
        layers=len(best.diff_ids),
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
        looks_like=_looks_like(clue),
    )


def _looks_like(clue: Clue) -> str | None:
    """Keep the name that a claim takes the place of, since that may be one that is denied."""
    return None if clue.name == EMPTY_BASE else clue.name


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
