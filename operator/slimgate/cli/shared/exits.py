"""Exit statuses, the same for every command."""

from typing import Final

from slimgate.core.errors import (
    ClusterError,
    ImageError,
    InvalidReferenceError,
    NoClusterError,
    SlimgateError,
)

WITHIN: Final = 0
VIOLATED: Final = 1
USAGE: Final = 2
"""Wrong usage, or input that can't be used."""
NOT_LOOKED_UP: Final = 3
"""An image, or the cluster, could not be looked up."""
FAULT: Final = 70
"""A fault of slimgate's own, as sysexits.h numbers them; Python's 1 is that of a violation."""


def status_of(error: SlimgateError) -> int:
    """Tell the exit status of a command that an error has ended."""
    if isinstance(error, InvalidReferenceError | NoClusterError):
        return USAGE
    return NOT_LOOKED_UP if isinstance(error, ImageError | ClusterError) else USAGE
