"""Mistakes in settings: all of them are found, each is one line that starts with its path."""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from slimgate.core.errors import SettingsError

K = TypeVar("K")
V = TypeVar("V")
_SHOWN: Final = 10


class InvalidSettingsError(SettingsError):
    """One mistake or more: a configuration file and variables are read to the end."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        more = len(self.lines) - _SHOWN
        shown = (*self.lines[:_SHOWN], *([f"and {more} more"] if more > 0 else []))
        super().__init__("\n".join(shown))

    def within(self, name: str) -> "InvalidSettingsError":
        """Say where they all are: in a file, or in a variable."""
        return InvalidSettingsError(f"{name}: {line}" for line in self.lines)


def fault(path: str, message: str) -> InvalidSettingsError:
    """Make one mistake."""
    return InvalidSettingsError([f"{path}: {message}" if path else message])


def read_each(readers: Iterable[tuple[K, Callable[[], V]]]) -> dict[K, V]:
    """Read everything, so that somebody who made two mistakes hears of both."""
    found: dict[K, V] = {}
    lines: list[str] = []
    for key, read in readers:
        try:
            found[key] = read()
        except InvalidSettingsError as faults:
            lines += faults.lines
    if lines:
        raise InvalidSettingsError(lines)
    return found
