"""What the base checks share: images that have a base, and how a base is known and matched."""

from collections.abc import Iterator

from slimgate.core.base_image import claims
from slimgate.core.finding import Subject
from slimgate.core.globs import matches as matches_text
from slimgate.core.globs import matches_reference
from slimgate.core.image import Base, ImageFacts
from slimgate.core.policy import Policy
from slimgate.core.tier import EMPTY_BASE, Evidence, Tier
from slimgate.core.workload import ImageUse, Role


def images(policy: Policy, subject: Subject) -> Iterator[tuple[ImageUse, ImageFacts]]:
    """Yield every image that has a base; a mounted volume's files run nothing of theirs."""
    for use, seen in subject.inspected().items():
        if use.role is not Role.VOLUME and policy.match.image(use.reference):
            for image in seen.images:
                yield use, image


def match_evidence(base: Base, globs: tuple[str, ...]) -> Evidence | None:
    """Return the evidence for what matches: the base's name, its family, or that it has none.

    None if nothing matches. A family is never claimed: it is inferred but where the base is proven.
    """
    if any(_names(name, globs) for name in (base.name, *base.aliases) if name):
        return base.evidence or Evidence.INFERRED
    is_scratch = base.tier is Tier.SCRATCH and EMPTY_BASE in globs
    if is_scratch or (base.family and matches_text(globs, base.family)):
        return Evidence.PROVEN if base.evidence is Evidence.PROVEN else Evidence.INFERRED
    return None


def too_weak(what: str, evidence: Evidence, wanted: Evidence) -> str | None:
    """Say that a violation rests on weaker evidence than the policy wants; None if it does not."""
    if evidence.suffices(wanted):
        return None
    return f"{what} is {evidence.value}, and the policy wants it {wanted.value}"


def unresolved(subject: Subject, base: Base, allow: tuple[str, ...] = ()) -> str | None:
    """Say why a base may be another: a BaseImage that it hinges on could not be looked up.

    What hinges on a reference are images that claim it, and, where `allow` has it, all that are
    not allowed: a registry that is down must not turn an image on an allowed base into a violation.
    """
    for reference, error in subject.missing_bases.items():
        claimed = any(claims(text, reference) for text in base.claims)
        if claimed or (allow and matches_reference(allow, str(reference))):
            return f"the base {reference.familiar} is unknown: {error}"
    return None


def _names(name: str, globs: tuple[str, ...]) -> bool:
    # What has no tag is a word, and no `latest` must be read into it.
    return (":" in name and matches_reference(globs, name)) or matches_text(globs, name)
