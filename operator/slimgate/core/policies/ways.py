"""Ways out: what helps whoever is refused, by cause, and where docs/slimming.md says more of it.

Sentences are whole without the page, since not everybody can read it, and send nobody to a policy,
which a developer may not be allowed to read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from slimgate.core.errors import (
    DigestMismatchError,
    ImageError,
    InvalidReferenceError,
    NotFoundError,
    OverBudgetError,
    OverloadedError,
    RateLimitedError,
    RefusedAddressError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
    UnsupportedError,
)
from slimgate.core.images.tier import Tier
from slimgate.core.matching.globs import matches, matches_reference
from slimgate.core.text import printable


class Section(StrEnum):
    """The anchors of the page: each is the heading of a section of docs/slimming.md."""

    TOOLCHAIN = "toolchain"
    LARGE_COPY = "large-copy"
    LARGE_INSTALL = "large-install"
    LARGE_BASE = "large-base"
    LARGE_IMAGE = "large-image"
    MANY_LAYERS = "many-layers"
    LARGE_POD = "large-pod"
    GROWTH = "growth"
    BASE = "base"
    PROOF = "proof"
    TIER = "tier"
    FALSE_CLAIM = "false-claim"
    UNKNOWN = "unknown"
    UNKNOWN_SIZE = "unknown-size"
    UNKNOWN_BASE = "unknown-base"
    UNKNOWN_CLAIM = "unknown-claim"
    NOT_FOUND = "not-found"
    PLATFORM = "platform"
    LOGIN = "login"
    REGISTRY = "registry"
    ADDRESS = "address"
    REFERENCE = "reference"
    BROKEN_IMAGE = "broken-image"
    ARTIFACT = "artifact"
    MANY_IMAGES = "many-images"
    MANY_EXCEPTIONS = "many-exceptions"
    BUSY = "busy"
    EXCEPTION = "exception"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Way:
    """What helps, as a sentence without its full stop, and where there is more of it."""

    section: Section
    sentence: str


@dataclass(frozen=True, slots=True)
class Why:
    """Why something is unknown, and what helps."""

    reason: str
    way: Way


_MAX_GLOBS: Final = 5
_BASES: Final = (
    ("scratch", Tier.SCRATCH, "scratch"),
    ("distroless", Tier.DISTROLESS, "gcr.io/distroless/static-debian12"),
    ("alpine", Tier.MINIMAL, "alpine"),
    ("debian-slim", Tier.SLIM, "debian:12-slim"),
)
"""Bases that most know, by the family that globs may deny, and one of each."""

TOOLCHAIN: Final = Way(
    Section.TOOLCHAIN, "Build in a first stage and copy only what runs into the final one"
)
LARGE_COPY: Final = Way(
    Section.LARGE_COPY, "Copy only what runs, and mount models and data instead of building them in"
)
LARGE_INSTALL: Final = Way(
    Section.LARGE_INSTALL, "Install only what runs, and remove caches in the same RUN"
)
LARGE_BASE: Final = Way(Section.LARGE_BASE, "Choose a slimmer base for the final stage")
LARGE_IMAGE: Final = Way(
    Section.LARGE_IMAGE,
    "See what is large with slimgate inspect --layers, and leave out what does not run",
)
MANY_LAYERS: Final = Way(
    Section.MANY_LAYERS, "Join instructions, and copy from earlier stages in one step"
)
LARGE_POD: Final = Way(
    Section.LARGE_POD,
    "Give the pod's images one base, and leave out sidecars that it does not need",
)
GROWTH: Final = Way(
    Section.GROWTH,
    "Compare its layers with those of the image that runs now, by slimgate inspect --layers",
)
GROWN_BESIDE: Final = Way(
    Section.GROWTH,
    "Take a smaller image: one under a new name counts as in place of the largest of the pod",
)
GROWN_FROM_UNKNOWN: Final = Way(
    Section.GROWTH, "Try again once the size of the image that runs now can be looked up"
)
PROOF: Final = Way(
    Section.PROOF,
    "Build on it as it is, unsquashed, and name it in the label org.opencontainers.image.base.name",
)
UNPROVEN: Final = Way(
    Section.PROOF,
    "Build it on a base that your platform team has named in a BaseImage, so that its layers "
    "prove it",
)
FALSE_CLAIM: Final = Way(
    Section.FALSE_CLAIM,
    "Correct the label org.opencontainers.image.base.name, or build on the base that it names",
)
UNKNOWN: Final = Way(Section.UNKNOWN, "Try again once the cause is fixed")
UNKNOWN_PULL_SIZE: Final = Way(
    Section.UNKNOWN_SIZE,
    "Have it judged in a registry or an OCI layout, which hold layers as they are pulled",
)
UNKNOWN_SIZE: Final = Way(
    Section.UNKNOWN_SIZE,
    "Push its layers with gzip, as docker build does, or smaller ones, so that they can be "
    "measured",
)
UNKNOWN_BASE: Final = Way(
    Section.UNKNOWN_BASE,
    "Build it on a base that your platform team has named in a BaseImage, or name the base that it "
    "has in its label org.opencontainers.image.base.name",
)
LOST_BASE: Final = Way(
    Section.UNKNOWN_BASE,
    "Try again once the base can be looked up: your platform team sees why in its BaseImage",
)
UNKNOWN_CLAIM: Final = Way(
    Section.UNKNOWN_CLAIM,
    "Name a base in its label org.opencontainers.image.base.name that slimgate can look up, or try "
    "again once its registry answers",
)
NO_PLATFORM: Final = Way(
    Section.PLATFORM, "Build the image for that platform, too: docker buildx build --platform"
)
ARTIFACT: Final = Way(
    Section.ARTIFACT, "Run an image: this is an artifact, which is only good for a volume"
)
MANY_IMAGES: Final = Way(Section.MANY_IMAGES, "Split the workload: no node runs so many images")
MANY_EXCEPTIONS: Final = Way(
    Section.MANY_EXCEPTIONS,
    "Have the SlimExceptions of the namespace that have ended or excuse nothing deleted",
)
API_SERVER: Final = Way(Section.BUSY, "Try again once the API server answers")
BUSY: Final = Way(Section.BUSY, "Try again in a minute: slimgate goes on looking")
REGISTRY: Final = Way(Section.REGISTRY, "Try again once the registry answers")
_REBUILD: Final = Way(
    Section.BROKEN_IMAGE, "Build and push it in another way: this image stays as it is"
)


def another_base(denied: Sequence[str]) -> Way:
    """Say which bases a policy denies."""
    return Way(Section.BASE, f"Build it on another base, since the policy denies {_listed(denied)}")


def allowed_base(allowed: Sequence[str], tier: Tier | None = None) -> Way:
    """Say which bases a policy allows, of a tier at most."""
    at_most = "" if tier is None else f" and is of tier {tier.label} at most"
    return Way(Section.BASE, f"Build it on a base that is one of {_listed(allowed)}{at_most}")


def slimmer_base(tier: Tier, denied: Sequence[str], *, has_toolchain: bool) -> Way:
    """Say what may be built on under a limit of tiers, without what the policy denies by name."""
    if has_toolchain and tier is Tier.FULL:
        return TOOLCHAIN
    fit = [word for word, of, like in _BASES if of <= tier and not _is_denied(denied, word, like)]
    onto = _or(fit) if fit else f"a base of tier {tier.label} at most"
    if has_toolchain:
        return Way(Section.TOOLCHAIN, f"Build in a first stage and copy only what runs onto {onto}")
    return Way(Section.TIER, f"Build the final stage on {onto}")


def _is_denied(denied: Sequence[str], word: str, like: str) -> bool:
    globs = tuple(denied)
    return matches(globs, word) or matches_reference(globs, like)


def _or(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _listed(globs: Sequence[str]) -> str:
    shown = ", ".join(printable(glob, 128) for glob in globs[:_MAX_GLOBS])
    more = len(globs) - _MAX_GLOBS
    return f"{shown} and {more} more" if more > 0 else shown


OF_ERRORS: Final[Mapping[str, Way]] = {
    ImageError.reason: BUSY,
    InvalidReferenceError.reason: Way(Section.REFERENCE, "Correct the image's reference"),
    NotFoundError.reason: Way(
        Section.NOT_FOUND, "Check the image's name and tag, and that it has been pushed"
    ),
    UnauthorizedError.reason: Way(
        Section.LOGIN,
        "Check the login: imagePullSecrets of the pod or its service account in a cluster, docker "
        "login on a machine",
    ),
    RateLimitedError.reason: REGISTRY,
    UnavailableError.reason: REGISTRY,
    OverloadedError.reason: BUSY,
    OverBudgetError.reason: Way(
        Section.BUSY,
        "Try again, or run fewer images in one workload: slimgate keeps what it has read",
    ),
    RefusedAddressError.reason: Way(
        Section.ADDRESS,
        "Use another address of the registry, or have it listed in slimgate's configuration",
    ),
    TooLargeError.reason: _REBUILD,
    DigestMismatchError.reason: Way(
        Section.BROKEN_IMAGE, "Push it again: what the registry holds is not what its digest says"
    ),
    UnsupportedError.reason: _REBUILD,
}
"""What helps where facts could not be had, by the error's reason."""


def of_error(error: ImageError) -> Way:
    """Say what helps against an error."""
    return of_reason(error.reason, no_platform=error.no_platform)


def of_reason(reason: str, *, no_platform: bool = False) -> Way:
    """Say what helps against an error of a reason, which may be a room's own, such as `late`."""
    return NO_PLATFORM if no_platform else OF_ERRORS.get(reason, BUSY)
