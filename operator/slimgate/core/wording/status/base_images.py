"""The status of a BaseImage."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from slimgate.core.errors import ImageError
from slimgate.core.images.facts import Digest, Platform
from slimgate.core.policies.base_image import MAX_RESOLVED
from slimgate.core.text import printable
from slimgate.core.wording.status.condition import (
    Condition,
    Status,
    accepted,
    fails,
    holds,
    joined,
    open_,
    ready,
)

_TYPE: Final = "ResolvedRefs"
_MAX_MESSAGE: Final = 256
_MAX_PLATFORMS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseLookup:
    """What is known of one reference: its digests, newest first, and why it fails now."""

    reference: str
    pending: bool = False
    error: ImageError | None = None
    digests: Sequence[tuple[Digest, Sequence[Platform]]] = ()


def base_image_status(error: str | None, lookups: Iterable[BaseLookup], images: int) -> Status:
    """Write a BaseImage's status; `images` counts the images in use that are based on it."""
    understood, lookups = accepted(error), list(lookups)
    if error is not None:
        resolved = open_(_TYPE, "Invalid", "the BaseImage can't be used, so nothing is looked up")
    else:
        resolved = _resolved(lookups)
    conditions = [understood, resolved]
    summary = ready(conditions, "Comparing", "images are compared with its layers")
    return Status(
        conditions=[*conditions, summary],
        fields={
            "images": images,
            "resolved": list(_digests(lookups)),
            "errors": [
                {
                    "reference": one.reference,
                    "message": printable(str(one.error), _MAX_MESSAGE),
                }
                for one in lookups
                if one.error is not None
            ],
        },
    )


def _resolved(lookups: Sequence[BaseLookup]) -> Condition:
    failed = [one for one in lookups if one.error is not None]
    if failed:
        words = str(failed[0].error and failed[0].error.reason).split("_")
        return fails(
            _TYPE,
            "".join(word.capitalize() for word in words),
            joined([f"{one.reference}: {one.error}" for one in failed]),
        )
    pending = [one.reference for one in lookups if one.pending]
    if pending:
        return open_(_TYPE, "Pending", f"being looked up: {joined(pending, ', ')}")
    return holds(_TYPE, "Resolved", "")


def _digests(lookups: Sequence[BaseLookup]) -> Iterable[dict[str, object]]:
    """List the digests, of each reference as many as there is room for."""
    room = MAX_RESOLVED // max(1, len(lookups))
    for one in lookups:
        for digest, platforms in one.digests[:room]:
            yield {
                "reference": one.reference,
                "digest": digest,
                "platforms": sorted(map(str, platforms))[:_MAX_PLATFORMS],
            }
