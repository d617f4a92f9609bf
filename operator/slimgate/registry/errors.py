"""Turns a registry's refusal into the one error tree.

Of a refusal's body only the error code is kept, and only in the form that the spec gives it: text
that a registry, or whatever a redirect reached, chooses freely never gets into a message.
https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
"""

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, cast

from slimgate.core.errors import (
    ImageError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)

MAX_ERROR_BODY: Final = 64 * 2**10
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_TOO_MANY: Final = "TOOMANYREQUESTS"


def error_of(
    status: int, body: bytes, *, host: str, what: str, retry_after: float | None = None
) -> ImageError:
    """Make the error for an answer that is no success.

    `host` and `what`, the thing asked for, are printable; `retry_after` is in seconds.
    """
    code = code_of(body)
    said = f"{status}, {code}" if code else str(status)
    if status == HTTPStatus.TOO_MANY_REQUESTS or code == _TOO_MANY:
        return RateLimitedError(
            f"{host} limits the rate of requests ({said}); "
            "wait, or give slimgate credentials with a higher limit",
            code=code,
            retry_after=retry_after,
        )
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return UnauthorizedError(
            f"{host} does not show {what} to these credentials ({said}); "
            "check that it exists and that its pull secret is right",
            code=code,
        )
    if status == HTTPStatus.NOT_FOUND:
        return NotFoundError(
            f"{host} has no {what} ({said}); check its name, or push it", code=code
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return UnavailableError(f"{host} failed to serve {what} ({said}); try again", code=code)
    return ImageError(f"{host} answered {said} when asked for {what}", code=code)


def code_of(body: bytes) -> str | None:
    """Find the first error's code in a registry's error document; None if there is none."""
    try:
        root: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    errors = cast("dict[str, object]", root).get("errors") if isinstance(root, dict) else None
    first: object = errors[0] if isinstance(errors, list) and errors else None
    code = cast("dict[str, object]", first).get("code") if isinstance(first, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """Read `Retry-After`, in seconds from now; None if there is none or it makes no sense."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
