"""What the base checks share: images that have a base, and how a base is known and matched."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from slimgate.core.images.facts import Base, ImageFacts
from slimgate.core.images.tier import EMPTY_BASE, Evidence, Tier
from slimgate.core.matching.globs import matches as matches_text
from slimgate.core.matching.globs import matches_reference
from slimgate.core.policies import ways
from slimgate.core.policies.base_image import claims
from slimgate.core.policies.finding import Subject
from slimgate.core.policies.ways import Why
from slimgate.core.workloads.workload import ImageUse, Role


def images(subject: Subject) -> Iterator[tuple[ImageUse, ImageFacts]]:
    """Yield every image that has a base; a mounted volume's files run nothing of theirs."""
    for use, seen in subject.inspected().items():
        if use.role is not Role.VOLUME:
            for image in seen.images:
                yield use, image


@dataclass(frozen=True, slots=True)
class BaseMatch:
    """What a glob matches of a base, and on what evidence the image is based on it."""

    what: str
    evidence: Evidence


def match(base: Base, globs: tuple[str, ...]) -> BaseMatch | None:
    """Find what matches: a name of the base, its family, or that there is none.

    None if nothing does; of several the one with the strongest evidence.
    """
    return _strongest(_facts(base), globs)


def match_claim(base: Base, globs: tuple[str, ...]) -> BaseMatch | None:
    """Find a claim that matches, of an image whose layers name no base.

    They may prove that there is no system in it, and it may be based on what has none either.
    """
    if base.name != EMPTY_BASE or base.contradiction is not None:
        return None
    return _strongest(((text, Evidence.CLAIMED) for text in base.claims), globs)


def match_any(base: Base, globs: tuple[str, ...]) -> BaseMatch | None:
    """Find what matches, also of all that speaks against the image: claims, and what it looks like.

    Nobody claims a base that is denied without being based on it, but layers may disprove a claim.
    """
    claims = base.claims if base.contradiction is None else ()
    more = (
        *((text, Evidence.CLAIMED) for text in claims),
        *((what, Evidence.INFERRED) for what in (base.looks_like, *base.other_families) if what),
    )
    return _strongest((*_facts(base), *more), globs)


def _facts(base: Base) -> Iterator[tuple[str, Evidence]]:
    """Yield what a base is called; the empty base is told by the tier, however it is called."""
    for name in (base.name, *base.aliases):
        if name:
            yield name, base.evidence or Evidence.INFERRED
    if base.family and base.family_evidence:
        yield base.family, base.family_evidence
    if base.tier is Tier.SCRATCH and base.tier_evidence:
        yield EMPTY_BASE, base.tier_evidence


def _strongest(facts: Iterable[tuple[str, Evidence]], globs: tuple[str, ...]) -> BaseMatch | None:
    found = [BaseMatch(what, evidence) for what, evidence in facts if _names(what, globs)]
    return max(found, key=lambda one: one.evidence.strength, default=None)


def too_weak(what: str, evidence: Evidence, wanted: Evidence) -> Why | None:
    """Say that a violation rests on weaker evidence than the policy wants; None if it does not."""
    if evidence.suffices(wanted):
        return None
    reason = f"{what} is {evidence.value}, and the policy wants it {wanted.value}"
    return Why(reason, ways.UNPROVEN)


def unresolved(subject: Subject, base: Base, allow: tuple[str, ...] = ()) -> Why | None:
    """Say why a base may be another: a BaseImage that it hinges on could not be looked up.

    What hinges on a reference are images that claim it, and, where `allow` has it, all that are
    not allowed: a registry that is down must not turn an image on an allowed base into a violation.
    """
    for reference, error in subject.missing_bases.items():
        claimed = any(claims(text, reference) for text in base.claims)
        if claimed or (allow and matches_reference(allow, str(reference))):
            return Why(f"the base {reference.familiar} is unknown: {error}", ways.LOST_BASE)
    return None


def unread(base: Base) -> Why | None:
    """Say that a layer was not read which may tell another base; None if all were."""
    return None if base.unread is None else Why(base.unread, ways.REGISTRY)


def unknown_base(subject: Subject, base: Base, reason: str) -> Why:
    """Say that a base is unknown, and what may tell more of it than there is."""
    if base.unread is not None:
        return Why(reason, ways.REGISTRY)
    if base.unchecked is not None:
        return Why(reason, ways.UNKNOWN_CLAIM)
    return Why(reason, ways.LOST_BASE if subject.missing_bases else ways.UNKNOWN_BASE)


def artifact(image: ImageFacts) -> Why | None:
    """Say that what is judged is not an image; None if it is."""
    return None if image.no_image is None else Why(image.no_image, ways.ARTIFACT)


def _names(name: str, globs: tuple[str, ...]) -> bool:
    # What has no tag is a word, and no `latest` must be read into it.
    return (":" in name and matches_reference(globs, name)) or matches_text(globs, name)
