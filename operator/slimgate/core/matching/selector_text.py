"""Label selectors as kubectl's -l takes them: `app=web,tier!=front,env in (a,b),!canary`.

Source: k8s.io/apimachinery/pkg/labels/selector.go, Parse. Its undocumented < and > are not taken.
"""

import re
from typing import Final

from slimgate.core.errors import InvalidSelectorError
from slimgate.core.matching.selector import Requirement, Selector
from slimgate.core.text import printable

_MAX_TEXT: Final = 4096
_TOKEN: Final = re.compile(r"\s*(==|!=|[=!<>(),]|[^\s=!<>(),]+)")
_NAME: Final = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_VALUE: Final = re.compile(f"(?:{_NAME})?")
_KEY: Final = re.compile(
    r"(?:(?=[^/]{1,253}/)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*/)?"
    + _NAME
)
_END: Final = ""


def read_selector(text: str) -> Selector:
    """Read a selector; InvalidSelectorError says what is wrong with it."""
    if len(text) > _MAX_TEXT:
        raise _invalid(text, f"it is longer than {_MAX_TEXT} characters")
    return _Reader(text).selector()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[str] = [*_TOKEN.findall(text), _END]
        self._at = 0

    def selector(self) -> Selector:
        if not self._next:
            return Selector()
        requirements = [self._requirement()]
        while self._next:
            if self._take() != ",":
                raise _invalid(self._text, "requirements are joined by commas")
            requirements.append(self._requirement())
        return Selector(tuple(requirements))

    @property
    def _next(self) -> str:
        return self._tokens[self._at]

    def _take(self) -> str:
        token = self._next
        self._at += token != _END
        return token

    def _requirement(self) -> Requirement:
        if self._next == "!":
            self._take()
            return Requirement(self._key(), "DoesNotExist")
        key = self._key()
        match self._next:
            case "," | "":
                return Requirement(key, "Exists")
            case "=" | "==" | "!=":
                operator = "NotIn" if self._take() == "!=" else "In"
                return Requirement(key, operator, frozenset({self._value()}))
            case "in" | "notin":
                operator = "NotIn" if self._take() == "notin" else "In"
                return Requirement(key, operator, self._values())
            case other:
                raise _invalid(
                    self._text, f"{printable(other, 64)!r} follows the key {printable(key, 64)!r}"
                )

    def _key(self) -> str:
        key = self._take()
        if _KEY.fullmatch(key) is None:
            raise _invalid(self._text, f"{printable(key, 64)!r} is not a label key")
        return key

    def _value(self) -> str:
        value = "" if self._next in {",", ")", _END} else self._take()
        if _VALUE.fullmatch(value) is None:
            raise _invalid(self._text, f"{printable(value, 64)!r} is not a label value")
        return value

    def _values(self) -> frozenset[str]:
        if self._take() != "(":
            raise _invalid(self._text, "the values of in and notin need parentheses")
        found = {self._value()}
        while self._next == ",":
            self._take()
            found.add(self._value())
        if self._take() != ")":
            raise _invalid(self._text, "a closing parenthesis is missing")
        return frozenset(found)


def _invalid(text: str, why: str) -> InvalidSelectorError:
    return InvalidSelectorError(
        f"{printable(text, 128)!r} is not a label selector: {why}; "
        "write it as for kubectl, as in app=web,tier in (front,back),!canary"
    )
