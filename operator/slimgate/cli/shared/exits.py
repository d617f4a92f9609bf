"""Exit statuses, the same for every command."""

from typing import Final

import typer

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


def said(error: Exception) -> int:
    """Say what has ended a command, one line each, and return its exit status."""
    if isinstance(error, SlimgateError):
        for line in str(error).splitlines():
            typer.echo(f"error: {line}", err=True)
        return status_of(error)
    import traceback  # noqa: PLC0415 - only a fault needs it

    traceback.print_exception(error)
    typer.echo("error: this is a bug in slimgate: please report it, with the lines above", err=True)
    return FAULT
