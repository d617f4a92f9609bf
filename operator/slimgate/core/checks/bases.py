"""What the base checks share: which images they speak of, and how a base is matched by globs."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from slimgate.core.finding import Subject
from slimgate.core.image import Base, ImageFacts
from slimgate.core.policy import Policy, matches_reference
from slimgate.core.tier import EMPTY_BASE, Evidence, Tier
from slimgate.core.workload import ImageUse, Role


def images(policy: Policy, subject: Subject) -> Iterator[tuple[ImageUse, ImageFacts]]:
    """Yield every image that stands on a base; a mounted volume's files run nothing of theirs."""
    for use, seen in subject.inspected().items():
        if use.role is not Role.VOLUME and policy.match.image(use.reference):
            for image in seen.images:
                yield use, image


def unsettled(policy: Policy, subject: Subject, image: ImageFacts) -> str | None:
    """Say why a base that is not proven may be another: one that the policy names is missing.

    A registry that is down must not turn an image on an allowed base into a violation.
    """
    if policy.bases is None or image.base.evidence is Evidence.PROVEN:
        return None
    errors = (subject.missing_bases.get(base.reference) for base in policy.bases.known)
    error = next((error for error in errors if error is not None), None)
    return None if error is None else f"a base that the policy names is not known: {error}"


def matches(base: Base, globs: tuple[str, ...]) -> bool:
    """Whether a base's name or family, or `scratch` for what has none, is among the globs."""
    if base.tier is Tier.SCRATCH and EMPTY_BASE in globs:
        return True
    # What has no tag is a word, and no `latest` must be read into it.
    if base.name and ":" in base.name and matches_reference(globs, base.name):
        return True
    words = [word for word in (base.name, base.family) if word]
    return any(fnmatchcase(word, glob) for word in words for glob in globs)
