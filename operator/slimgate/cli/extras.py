"""Parts of slimgate that are installed only where they are wanted, and what to do without one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from slimgate.core.errors import MissingExtraError

_EXTRAS: Final[Mapping[str, str]] = {
    "kubernetes": "cluster",
    "cryptography": "operator",
    "kopf": "operator",
    "prometheus_client": "operator",
    "pythonjsonlogger": "operator",
}
"""Which extra brings a library."""


@contextmanager
def needing(extra: str, what: str) -> Iterator[None]:
    """Import what an extra brings; MissingExtraError says how to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in _EXTRAS:
            raise
        raise MissingExtraError(what, extra) from error
