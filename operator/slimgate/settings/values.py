"""Kinds of single values: how each is read from YAML and from a variable, written, described."""

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from slimgate.core.duration import PATTERN as DURATION
from slimgate.core.duration import format_duration, parse_duration
from slimgate.core.errors import InvalidDurationError, InvalidQuantityError
from slimgate.core.quantity import as_integer, parse_quantity
from slimgate.core.text import nearest, printable
from slimgate.settings.addresses import IPV4, IPV6
from slimgate.settings.faults import InvalidSettingsError, fault
from slimgate.settings.model import MAX_LAYER_BYTES

MAX_TEXT: Final = 4096
_MAX_SECONDS: Final = 1e9
_MAX_PORT: Final = 65_535
_LARGE: Final = 10**18
_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_KEY: Final = (
    "(([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?"
)
_HOST: Final = r"([A-Za-z0-9.\-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?"
_NAME: Final = r"([A-Za-z0-9]([A-Za-z0-9.\-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])"
_PORT: Final = (
    "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
)
_ZERO: Final = re.compile(r"0+([KMGTPE]i|[kMGTPE])?")
_SUFFIXES: Final = ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki")


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A kind of value. `read` takes what YAML holds, `write` is its reverse.

    `parse` makes of a variable's text what YAML would hold; None where there is no variable.
    """

    read: Callable[[object, str], object]
    write: Callable[..., object] = field(default=lambda value: value)
    schema: Mapping[str, object]
    parse: Callable[[str], object] | None = field(default=lambda text: text)


def text(pattern: str = ".+", what: str = "text", *, max_length: int = MAX_TEXT) -> Value:
    """Make a value of text that the whole pattern matches; `what` completes "must be ..."."""
    compiled = re.compile(pattern)

    def read(raw: object, path: str) -> str:
        if not isinstance(raw, str):
            raise wrong(raw, path, what)
        if len(raw) > max_length:
            raise fault(path, f"must have at most {max_length} characters, not {len(raw)}")
        if not compiled.fullmatch(raw):
            raise wrong(raw, path, what)
        return raw

    anchored = f"^(?:{pattern})$"
    return Value(read=read, schema={"type": "string", "pattern": anchored, "maxLength": max_length})


def label(max_length: int = 63) -> Value:
    """Make a value of a name as Kubernetes has them for namespaces."""
    return text(_LABEL, "a name in lower case, as in team-a", max_length=max_length)


def label_key() -> Value:
    """Make a value of a label's key, which may be none."""
    return text(_LABEL_KEY, "the key of a label, as in example.com/tenant", max_length=317)


def choice(options: type[Enum]) -> Value:
    """Make a value that is one of an enumeration's."""
    names = [str(one.value) for one in options]

    def read(raw: object, path: str) -> Enum:
        if isinstance(raw, str) and raw in names:
            return options(raw)
        raise fault(path, f"must be {_or(names)}{meant(raw, names)}")

    return Value(
        read=read, write=lambda value: value.value, schema={"type": "string", "enum": names}
    )


def flag() -> Value:
    """Make a value that is true or false."""
    words: Mapping[str, object] = {"true": True, "false": False}

    def read(raw: object, path: str) -> bool:
        if not isinstance(raw, bool):
            raise wrong(raw, path, "true or false")
        return raw

    return Value(
        read=read, parse=lambda text: words.get(text.lower(), text), schema={"type": "boolean"}
    )


def port() -> Value:
    """Make a value of a TCP port."""
    return number(1, _MAX_PORT, "a port")


def number(least: int, most: int, what: str = "a number") -> Value:
    """Make a value of a whole number."""

    def read(raw: object, path: str) -> int:
        raw = as_integer(raw)
        if not isinstance(raw, int) or isinstance(raw, bool) or not least <= raw <= most:
            raise wrong(raw, path, f"{what} from {least} to {most}")
        return raw

    return Value(
        read=read,
        parse=lambda text: int(text) if re.fullmatch("[0-9]{1,7}", text) else text,
        schema={"type": "integer", "minimum": least, "maximum": most},
    )


def address() -> Value:
    """Make a value of an IP address."""

    def read(raw: object, path: str) -> str:
        try:
            return str(ipaddress.ip_address(raw if isinstance(raw, str) else ""))
        except ValueError:
            raise wrong(raw, path, "an IP address, as in 0.0.0.0 or ::") from None

    forms = [
        {"format": "ipv4", "pattern": f"^({IPV4})$"},
        {"format": "ipv6", "pattern": f"^({IPV6})$"},
    ]
    return Value(read=read, schema={"type": "string", "anyOf": forms})


def proxy() -> Value:
    """Make a value of a proxy's URL, whose password is never shown."""
    url = _url(
        rf"(https?://)?([^\s/@]+@)?{_HOST}/?",
        "the URL of an HTTP proxy, as in http://proxy.internal:3128",
        1024,
    )
    return replace(url, write=lambda found: re.sub(r"[^/@]*@", "***@", found))


def page() -> Value:
    """Make a value of a page's URL, to which a section's name is added."""
    return _url(
        rf"https?://{_NAME}(:{_PORT})?(/[A-Za-z0-9._~!$&*+,;=:@%/\-]*)?(\?[A-Za-z0-9._~!$&*+,;=:@%/?\-]*)?",
        "the http or https URL of a page, without # and spaces, of at most 200 characters, as in "
        "https://wiki.example.com/slim",
        200,
    )


def _url(pattern: str, what: str, max_length: int) -> Value:
    """Make a value of a URL; a wrong one may hold a password, and is not shown."""
    url = text(pattern, max_length=max_length)

    def read(raw: object, path: str) -> object:
        try:
            return url.read(raw, path)
        except InvalidSettingsError:
            raise fault(path, f"must be {what}") from None

    return replace(url, read=read)


def duration(least: float = 0.0, why: str = "") -> Value:
    """Make a value of a time, `least` or more, since `why`."""

    def read(raw: object, path: str) -> float:
        given = "0" if raw == 0 and not isinstance(raw, bool) else raw
        if not isinstance(given, str):
            raise wrong(raw, path, "a duration, as in 5m or 2.5s")
        try:
            seconds = parse_duration(given)
        except InvalidDurationError as error:
            raise fault(path, str(error).rstrip(".")) from error
        if not least <= seconds < _MAX_SECONDS:
            bounds = f"{format_duration(least)} or more{why}" if seconds < least else "shorter"
            raise wrong(raw, path, bounds)
        return seconds

    written = {"type": "string", "pattern": f"^{DURATION}$", "maxLength": 64}
    schema = written if least else {"anyOf": [written, {"const": 0}]}
    return Value(read=read, write=format_duration, schema=schema)


def size() -> Value:
    """Make a value of a number of bytes, none to 64 GiB."""

    def read(raw: object, path: str) -> int:
        raw = as_integer(raw)
        if isinstance(raw, bool) or not isinstance(raw, str | int):
            raise wrong(raw, path, "a quantity, as in 8Mi")
        try:
            count = 0 if _is_zero(raw) else parse_quantity(raw)
        except InvalidQuantityError as error:
            raise fault(path, str(error).rstrip(".")) from error
        if count > MAX_LAYER_BYTES:
            raise fault(path, "must be 64Gi or less, since no larger layer is read whole")
        return count

    number = {"type": "integer", "minimum": 0, "maximum": MAX_LAYER_BYTES}
    written = {
        "type": "string",
        "pattern": r"^\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
        r"([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?$",
        "maxLength": 64,
    }
    return Value(read=read, write=_quantity, schema={"anyOf": [written, number]})


def meant(raw: object, known: list[str]) -> str:
    """Ask whether another word was meant, where one is like it."""
    word = nearest(raw, known) if isinstance(raw, str) else None
    return f"; did you mean {word}?" if word else ""


def _is_zero(raw: str | int) -> bool:
    return raw == 0 if isinstance(raw, int) else _ZERO.fullmatch(raw) is not None


def _quantity(count: int) -> str | int:
    for power, suffix in zip(range(6, 0, -1), _SUFFIXES, strict=True):
        if count and count % 1024**power == 0:
            return f"{count // 1024**power}{suffix}"
    return count


def wrong(raw: object, path: str, what: str) -> InvalidSettingsError:
    """Make the fault of a value that is something else."""
    return fault(path, f"must be {what}, not {_shown(raw)}")


def _shown(raw: object) -> str:
    match raw:
        case str():
            return repr(printable(raw, 64))
        case None | bool():
            return json.dumps(raw)
        case list() | dict():
            return "a list" if isinstance(raw, list) else "an object"
        case int() if abs(raw) > _LARGE:
            return "such a large number"
        case _:
            return printable(str(raw), 64)


def _or(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
