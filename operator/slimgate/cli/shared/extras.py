"""Parts of slimgate that are installed only where they are wanted, and what to do without one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Final

from slimgate.core.errors import MissingExtraError

_EXTRAS: Final[Mapping[str, Sequence[str]]] = {
    "cluster": ["kubernetes"],
    "docker": ["docker"],
    "operator": ["kubernetes", "cryptography", "kopf", "prometheus_client", "pythonjsonlogger"],
}
"""The libraries that each extra brings."""


def installed_extras() -> list[str]:
    """List the extras that are installed."""
    return [
        extra
        for extra, libraries in _EXTRAS.items()
        if all(find_spec(library) is not None for library in libraries)
    ]


@contextmanager
def needing(extra: str, what: str) -> Iterator[None]:
    """Import what an extra brings; MissingExtraError says how to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in _EXTRAS[extra]:
            raise
        raise MissingExtraError(what, extra) from error
