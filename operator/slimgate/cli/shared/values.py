"""Values of options, from text; SettingsError says in one line what is wrong with one.

typer calls these for defaults too, so each takes what it gives.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeVar

from slimgate.core.errors import InvalidDurationError, InvalidSelectorError, SettingsError
from slimgate.core.text import nearest, printable

if TYPE_CHECKING:
    from slimgate.core.matching.selector import Selector

E = TypeVar("E", bound=Enum)

_SECONDS: Final = re.compile(r"\d{1,9}", re.ASCII)
_COUNT: Final = re.compile(r"0*[1-9]\d{0,8}", re.ASCII)
_NAMESPACE: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


def one_of(option: str, kind: type[E]) -> Callable[[object], E]:
    """Make the reader of an option whose values are an Enum's."""

    def read(given: object) -> E:
        if isinstance(given, kind):
            return given
        known = words_of(kind)
        if given not in known:
            raise SettingsError(unknown_word(option, str(given), known))
        return kind(given)

    return read


def words_of(kind: type[Enum]) -> list[str]:
    """List the values of an Enum, for completion."""
    return [str(one.value) for one in kind]


def read_several(option: str, kind: type[E], given: Iterable[str]) -> frozenset[E]:
    """Read an option that is repeated, or has commas in it, or both."""
    read = one_of(option, kind)
    return frozenset(read(word.strip()) for text in given for word in text.split(","))


def unknown_word(option: str, given: str, known: Sequence[str]) -> str:
    """Say that an option has no such value, which ones it has, and which was likely meant."""
    listed = f"{', '.join(known[:-1])} or {known[-1]}"
    meant = nearest(given, known)
    guess = f": did you mean {meant}?" if meant else ""
    return f"{option} takes {listed}, not {printable(given, 64)!r}{guess}"


def read_timeout(given: object) -> float:
    """Read seconds; as for kubectl's --request-timeout, a bare number is seconds and 0 no limit."""
    if isinstance(given, float):
        return given
    from slimgate.core.duration import parse_duration  # noqa: PLC0415 - help must not wait for it

    text = str(given)
    try:
        seconds = float(text) if _SECONDS.fullmatch(text) else parse_duration(text)
    except InvalidDurationError as err:
        raise SettingsError(f"--timeout: {err}") from err
    return seconds or math.inf


def read_count(option: str) -> Callable[[object], int]:
    """Make the reader of an option that takes a whole number above zero."""

    def read(given: object) -> int:
        if isinstance(given, int):
            return given
        if _COUNT.fullmatch(str(given)) is None:
            shown = printable(str(given), 64)
            raise SettingsError(f"{option} takes a whole number from 1 to 999999999, not {shown!r}")
        return int(str(given))

    return read


def read_namespace(given: object) -> str:
    """Read the name of a namespace."""
    text = str(given)
    if _NAMESPACE.fullmatch(text) is None:
        raise SettingsError(
            f"--namespace {printable(text, 64)!r} is not the name of a namespace: that is at most "
            "63 lower-case letters, digits and hyphens, and neither begins nor ends with a hyphen"
        )
    return text


def read_selection(text: str | None, option: str = "--selector") -> "Selector":
    """Read a label selector; None selects everything."""
    from slimgate.core.matching.selector_text import read_selector  # noqa: PLC0415 - help must not wait

    try:
        return read_selector(text or "")
    except InvalidSelectorError as err:
        raise SettingsError(f"{option} {err}") from err
