"""How long an answer may take: what the API server says in the request's URL, less a margin.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#timeouts
"""

import re
from dataclasses import dataclass
from typing import Final

_DURATION: Final = re.compile(r"(?:(\d{1,3})m)?(?:(\d{1,5}(?:\.\d{1,9})?)(s|ms))?", re.ASCII)
_LONGEST: Final = 30.0
_MARGIN_SHARE: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Turns `?timeout=5s` into the seconds that an answer may take."""

    default_seconds: float
    margin_seconds: float

    def seconds(self, timeout: str | None) -> float:
        """Read a duration as Go writes it; the default stands in for what makes no sense."""
        whole = (_parse(timeout) if timeout else None) or self.default_seconds
        whole = min(whole, _LONGEST)
        return whole - min(self.margin_seconds, whole * _MARGIN_SHARE)


def _parse(text: str) -> float | None:
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    minutes, rest, unit = match.groups()
    seconds = float(rest or 0) / (1000 if unit == "ms" else 1)
    return 60.0 * int(minutes or 0) + seconds or None
