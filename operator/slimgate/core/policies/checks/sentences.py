"""What the sentences of several checks share, the advice, and what makes an image large."""

from typing import Final

from slimgate.core.base.history import steps_of
from slimgate.core.images.facts import ImageFacts, Layer, Size
from slimgate.core.images.oci import HistoryEntry
from slimgate.core.images.tier import Tier
from slimgate.core.policies import ways
from slimgate.core.policies.finding import Finding
from slimgate.core.policies.ways import Way
from slimgate.core.quantity import format_bytes
from slimgate.core.text import printable

SMALLER: Final = (
    "Build in a first stage and copy only what runs into the final one; leave out caches, tests, "
    "documentation and toolchains."
)


def platform_of(finding: Finding) -> str:
    """Write the platform of the image at fault, where it is known."""
    return _in_brackets(_platform(finding))


def _platform(finding: Finding) -> str | None:
    platform = finding.image.platform if finding.image else None
    known = platform is not None and platform.os != "unknown"
    return printable(str(platform), 64) if known else None


def _in_brackets(*parts: str | None) -> str:
    said = ", ".join(part for part in parts if part)
    return f" ({said})" if said else ""


def size_sentence(verb: str, noun: str, finding: Finding) -> str:
    """Write a size above its limit, and how it is known where that may differ."""
    value, limit = _against(finding)
    least = "at least " if finding.at_least else ""
    known = finding.size_evidence
    details = _in_brackets(None if known is None else known.value.lower(), _platform(finding))
    return f"{verb} {least}{value}{noun}{details}, limit {limit}"


def _against(finding: Finding) -> tuple[str, str]:
    """Write a size and its limit; to the byte where they would read the same."""
    value, limit = finding.value, finding.limit
    if not isinstance(value, int) or not isinstance(limit, int):
        return "?", "?"
    if format_bytes(value) == format_bytes(limit):
        return f"{value:,} B", f"{limit:,} B"
    return format_bytes(value), format_bytes(limit)


def sizes_of(image: ImageFacts, *, unpacked: bool = False) -> list[Size]:
    """List what its layers are to pull, or what they unpack to."""
    return [layer.unpacked if unpacked else layer.pull for layer in image.layers]


def largest_of(sizes: list[Size]) -> int | None:
    """Find the largest layer; None if no size is known of any."""
    sizes_known = [size.least for size in sizes]
    largest = max(sizes_known, default=0)
    return sizes_known.index(largest) if largest else None


def way_of_size(finding: Finding, *, unpacked: bool = False) -> Way:
    """Say what makes an image smaller, by what most of it comes from.

    A toolchain that is left behind comes first, unless more than half is what one COPY brought.
    """
    image = finding.image
    sizes = [] if image is None else sizes_of(image, unpacked=unpacked)
    index = largest_of(sizes)
    if image is None or index is None:
        return ways.LARGE_IMAGE
    way = _brought_by(image, index)
    has_toolchain = image.toolchains or image.base.tier is Tier.BUILDER
    is_most = sizes[index].least * 2 > sum(size.least for size in sizes)
    if has_toolchain and not (way is ways.LARGE_COPY and is_most):
        return ways.TOOLCHAIN
    return way


def _brought_by(image: ImageFacts, index: int) -> Way:
    base, (step,) = image.base, steps_of([_entry(image.layers[index])])
    _, target = step.paths()
    # The first layer is a distribution's own, unless nothing of a system is in the image.
    is_root = index == 0 and base.tier not in {None, Tier.SCRATCH} and target in {"", "/"}
    if index < (base.layers or 0) or (is_root and step.kind != "RUN"):
        return ways.LARGE_BASE
    by_step = {"COPY": ways.LARGE_COPY, "ADD": ways.LARGE_COPY, "RUN": ways.LARGE_INSTALL}
    return by_step.get(step.kind, ways.LARGE_IMAGE)


def _entry(layer: Layer) -> HistoryEntry:
    return HistoryEntry(created_by=layer.created_by or "")
