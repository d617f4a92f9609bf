"""Which platforms a command looks at."""

import platform
from collections.abc import Sequence
from typing import Final

from slimgate.core.images.facts import Platform

ALL: Final = "all"


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
    return Platform.parse(f"linux/{machine or 'amd64'}")
