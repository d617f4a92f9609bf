"""Which platforms a command looks at."""

import platform
from collections.abc import Mapping, Sequence
from typing import Final

from slimgate.core.image import Platform

ALL: Final = "all"
_ARCHITECTURES: Final[Mapping[str, str]] = {
    "x86_64": "amd64",
    "i386": "386",
    "i686": "386",
    "aarch64": "arm64",
    "armv6l": "arm/v6",
    "armv7l": "arm/v7",
}
"""What `uname -m` calls an architecture, where OCI has another name; linux on all hosts."""


def platforms_of(wanted: Sequence[str]) -> tuple[Platform, ...]:
    """Read --platform; none of them means this machine's, `all` gives the empty tuple: every one.

    Raises InvalidReferenceError.
    """
    if ALL in wanted:
        return ()
    if not wanted:
        return (host_platform(platform.machine()),)
    return tuple(dict.fromkeys(Platform.parse(text) for text in wanted))


def host_platform(machine: str) -> Platform:
    """Name the platform of linux containers on a machine that `uname -m` calls so."""
    name = machine.lower()
    return Platform.parse(f"linux/{_ARCHITECTURES.get(name, name) or 'amd64'}")
