"""What the sentences of several checks share, and the advice."""

from typing import Final

from slimgate.core.policies.finding import Finding
from slimgate.core.quantity import format_bytes
from slimgate.core.text import printable

SMALLER: Final = (
    "Build in a first stage and copy only what runs into the final one; leave out caches, tests, "
    "documentation and toolchains."
)


def platform_of(finding: Finding) -> str:
    """Write the platform of the image at fault, where it is known."""
    platform = finding.image.platform if finding.image else None
    known = platform is not None and platform.os != "unknown"
    return f" ({printable(str(platform), 64)})" if known else ""


def size_sentence(verb: str, noun: str, finding: Finding) -> str:
    """Write a size above its limit."""
    value, limit = _against(finding)
    least = "at least " if finding.at_least else ""
    return f"{verb} {least}{value}{noun}{platform_of(finding)}, limit {limit}"


def _against(finding: Finding) -> tuple[str, str]:
    """Write a size and its limit; to the byte where they would read the same."""
    value, limit = finding.value, finding.limit
    if not isinstance(value, int) or not isinstance(limit, int):
        return "?", "?"
    if format_bytes(value) == format_bytes(limit):
        return f"{value:,} B", f"{limit:,} B"
    return format_bytes(value), format_bytes(limit)
