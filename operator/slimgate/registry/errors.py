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

from slimgate.core.credentials.identity import Credential
from slimgate.core.errors import (
    ImageError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)
from slimgate.core.text import printable

MAX_ERROR_BODY: Final = 64 * 2**10
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_SHOWN_USER: Final = 64
_TOO_MANY: Final = "TOOMANYREQUESTS"


class TokenRefusedError(UnauthorizedError):
    """A token server refused: asking once more would be one more wrong password."""


def error_of(
    status: int,
    body: bytes,
    *,
    host: str,
    what: str,
    shown: Credential | None = None,
    retry_after: float | None = None,
) -> ImageError:
    """Make the error for an answer that is no success.

    `host` and `what`, the thing asked for, are printable; `shown` is what the host was shown, and
    `retry_after` is in seconds.
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
            f"{host} does not show {what} {to_whom(shown)} ({said}); {_way_in(shown)}", code=code
        )
    if status == HTTPStatus.NOT_FOUND:
        return NotFoundError(
            f"{host} has no {what} ({said}); check its name, or push it", code=code
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return UnavailableError(f"{host} failed to serve {what} ({said}); try again", code=code)
    return ImageError(f"{host} answered {said} when asked for {what}", code=code)


def to_whom(shown: Credential | None) -> str:
    """Say who is refused."""
    if shown is None:
        return "without a login"
    if shown.identity_token is not None or shown.registry_token is not None:
        return "to this login, which is a token"
    return f"to the user {printable(shown.username or '', _SHOWN_USER)!r}"


def _way_in(shown: Credential | None) -> str:
    if shown is None:
        return "check that it exists, and if it is private, set a pull secret for it"
    return "check that it exists and that its pull secret is right"


def is_answer_to_plain_http(status: int, body: bytes) -> bool:
    """Whether a server that speaks TLS was called without it, as Go's and nginx's say."""
    return status == HTTPStatus.BAD_REQUEST and b"HTTP request" in body and b"HTTPS" in body


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
