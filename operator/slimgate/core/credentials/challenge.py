"""Reads `WWW-Authenticate`: which ways of logging in a registry names.

Grammar: https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1. The header is hostile input, so
nothing here raises: what can't be read is left out, and lengths and counts are capped.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER: Final = re.compile(rf'({_NAME})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME: Final = re.compile(rf"({_NAME})(?=[ \t,]|$)")
_TOKEN68: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))")
_GAP: Final = re.compile(r"[ \t,]*")
_ESCAPED: Final = re.compile(r"\\(.)")
_MAX_TEXT: Final = 8_192
_MAX_CHALLENGES: Final = 8
_MAX_PARAMETERS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One way of logging in; scheme and parameter names are lower case, the first value counts."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Read all challenges of an answer, given its `WWW-Authenticate` lines, in their order."""
    found: list[Challenge] = []
    for text in headers:
        found.extend(_parse_line(text[:_MAX_TEXT]))
    return tuple(found[:_MAX_CHALLENGES])


def _parse_line(text: str) -> list[Challenge]:
    found: list[Challenge] = []
    parameters: dict[str, str] = {}
    position = _skip(text, 0)
    while position < len(text):
        if found and (match := _PARAMETER.match(text, position)):
            name = match[1].lower()
            if len(parameters) < _MAX_PARAMETERS:
                parameters.setdefault(name, _value(match))
            position = _skip(text, match.end())
            continue
        match = _SCHEME.match(text, position)
        if match is None:
            break
        parameters = {}
        found.append(Challenge(scheme=match[1].lower(), parameters=parameters))
        position = _skip_token68(text, match.end())
    return found


def _value(match: re.Match[str]) -> str:
    if match[2] is not None:
        return _ESCAPED.sub(r"\1", match[2])
    return match[3]


def _skip(text: str, position: int) -> int:
    match = _GAP.match(text, position)
    return match.end() if match else position


def _skip_token68(text: str, position: int) -> int:
    if text[position : position + 1] not in {" ", "\t"}:
        return _skip(text, position)
    start = len(text) - len(text[position:].lstrip(" \t"))
    match = _TOKEN68.match(text, start)
    return _skip(text, match.end() if match else start)
