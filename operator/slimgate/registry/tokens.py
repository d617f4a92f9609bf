"""Asks token servers for tokens, and keeps what they give for as long as it holds.

https://github.com/distribution/distribution/blob/main/docs/content/spec/auth/token.md and oauth.md
"""

import asyncio
import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

from yarl import URL

from slimgate.core.credentials.identity import BYTES, Credential
from slimgate.core.errors import ImageError, RateLimitedError, UnsupportedError
from slimgate.engine.bounded import Bounded
from slimgate.registry.body import Answer
from slimgate.registry.errors import (
    MAX_ERROR_BODY,
    TokenRefusedError,
    error_of,
    retry_after_seconds,
    to_whom,
)
from slimgate.registry.ratelimit import RateLimits, Whom
from slimgate.registry.requests import HttpRequest
from slimgate.registry.settings import RegistrySettings
from slimgate.registry.transport import Transport
from slimgate.registry.urls import authority_of

MAX_TOKEN_BODY: Final = 2**20
_DEFAULT_LIFE: Final = 60.0
_MAX_LIFE: Final = 3_600.0
_USED_LIFE: Final = 0.9  # of expires_in, so that a token does not run out on its way
_MAX_TOKENS: Final = 4_096
_HEADER_SAFE: Final = re.compile(r"[\x21-\x7e]{1,32768}")
_CLIENT_ID: Final = "slimgate"
_OK: Final = 200
_NO_SUCH_METHOD: Final = frozenset({404, 405})
_REFUSED: Final = frozenset({400, 401, 403, 404, 405})


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedToken:
    """Which token: from whom, for what, as whom; `host` is the registry that it is for."""

    realm: URL
    service: str | None
    scope: str
    credential: Credential | None
    host: str


class Tokens:
    """A cache of tokens by realm, service, scope and credential; one request for one of them."""

    def __init__(
        self,
        transport: Transport,
        settings: RegistrySettings,
        limits: RateLimits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._limits = limits
        self._settings = settings
        self._clock = clock
        self._kept: Bounded[WantedToken, tuple[str, float]] = Bounded(_MAX_TOKENS)
        self._locks: dict[WantedToken, tuple[asyncio.Lock, list[None]]] = {}

    async def get(self, wanted: WantedToken, *, rejected: str | None = None) -> str:
        """Get a token, kept or fresh, but not the one that the registry has just rejected."""
        lock, users = self._locks.setdefault(wanted, (asyncio.Lock(), []))
        users.append(None)
        try:
            async with lock:
                kept = self.kept(wanted)
                if kept is not None and kept != rejected:
                    return kept
                token, life = await self._ask(wanted)
                self._kept.put(wanted, (token, self._clock() + life * _USED_LIFE))
                return token
        finally:
            users.pop()
            if not users:
                self._locks.pop(wanted, None)

    def kept(self, wanted: WantedToken) -> str | None:
        """Return the token if there is one that still holds."""
        token, until = self._kept.get(wanted) or ("", 0.0)
        return token if self._clock() < until else None

    async def _ask(self, wanted: WantedToken) -> tuple[str, float]:
        credential = wanted.credential
        if credential is not None and credential.identity_token is not None:
            # An identity token is of use with OAuth2 only.
            form = {"grant_type": "refresh_token", "refresh_token": credential.identity_token}
            return await self._send(_post(wanted, form, self._settings), wanted)
        try:
            return await self._send(_get(wanted, self._settings), wanted)
        except _NoSuchMethodError as err:
            if credential is None or credential.username is None:
                raise err.error from err
            form = {
                "grant_type": "password",
                "username": credential.username,
                "password": credential.password or "",
            }
        return await self._send(_post(wanted, form, self._settings), wanted)

    async def _send(self, request: HttpRequest, wanted: WantedToken) -> tuple[str, float]:
        whom = _whom(request, wanted)
        self._limits.check(whom)
        async with self._transport.open(request) as answer:
            if answer.status == _OK:
                return _parse(await answer.read(MAX_TOKEN_BODY), wanted)
            body = await answer.peek(MAX_ERROR_BODY)
            error = self._refusal(answer, body, wanted)
        if isinstance(error, RateLimitedError):
            raise self._limits.heed(whom, error)
        if answer.status in _NO_SUCH_METHOD and request.method == "GET":
            raise _NoSuchMethodError(error)
        raise error

    def _refusal(self, answer: Answer, body: bytes, wanted: WantedToken) -> ImageError:
        name, shown = answer.request.name, wanted.credential
        error = error_of(
            answer.status,
            body,
            host=f"{name}, which gives out the tokens for {wanted.host},",
            what="one",
            retry_after=retry_after_seconds(answer.headers.get("Retry-After"), datetime.now(UTC)),
        )
        if answer.status not in _REFUSED or isinstance(error, RateLimitedError):
            return error
        # OAuth2 refuses a bad refresh token or password with 400, RFC 6749 section 5.2.
        way = "set a pull secret for it" if shown is None else "correct its pull secret"
        said = f"{answer.status}, {error.code}" if error.code else str(answer.status)
        return TokenRefusedError(
            f"{name} gives no token for {wanted.host} {to_whom(shown)} ({said}); {way}",
            code=error.code,
        )


class _NoSuchMethodError(Exception):
    """The token server does not take this method."""

    def __init__(self, error: ImageError) -> None:
        super().__init__(str(error))
        self.error = error


def basic(credential: Credential) -> str:
    """Make the Authorization header of a user and password."""
    pair = f"{credential.username or ''}:{credential.password or ''}"
    return f"Basic {b64encode(pair.encode(errors=BYTES)).decode()}"


def is_header_safe(token: str) -> bool:
    """Whether a token can be sent without breaking out of its header."""
    return _HEADER_SAFE.fullmatch(token) is not None


def _get(wanted: WantedToken, settings: RegistrySettings) -> HttpRequest:
    query = [("scope", wanted.scope), ("client_id", _CLIENT_ID)]
    if wanted.service is not None:
        query.insert(0, ("service", wanted.service))
    credential = wanted.credential
    login = credential is not None and credential.username is not None
    return HttpRequest(
        method="GET",
        url=wanted.realm.extend_query(query),
        host=authority_of(wanted.realm),
        seconds=settings.request_seconds,
        repository=wanted.scope,
        via=wanted.host,
        authorization=basic(credential) if credential is not None and login else None,
    )


def _post(wanted: WantedToken, form: Mapping[str, str], settings: RegistrySettings) -> HttpRequest:
    service = {} if wanted.service is None else {"service": wanted.service}
    return HttpRequest(
        method="POST",
        url=wanted.realm,
        host=authority_of(wanted.realm),
        seconds=settings.request_seconds,
        repository=wanted.scope,
        via=wanted.host,
        form={
            key: value.encode(errors=BYTES).decode(errors="replace")
            for key, value in {
                **form,
                **service,
                "scope": wanted.scope,
                "client_id": _CLIENT_ID,
            }.items()
        },
    )


def _whom(request: HttpRequest, wanted: WantedToken) -> Whom:
    # A token server's limit is no registry's: who has a token may go on.
    return Whom(host=request.host, account=wanted.credential, via=wanted.host, name=request.name)


def _parse(body: bytes, wanted: WantedToken) -> tuple[str, float]:
    try:
        root: object = json.loads(body)
    except (ValueError, RecursionError):
        root = None
    answer = cast("dict[str, object]", root) if isinstance(root, dict) else {}
    token = answer.get("token") or answer.get("access_token")
    if not isinstance(token, str) or not is_header_safe(token):
        raise UnsupportedError(f"the token server of {wanted.host} answered without a token")
    life = answer.get("expires_in")
    if isinstance(life, bool) or not isinstance(life, int | float) or life <= 0:
        return token, _DEFAULT_LIFE
    return token, float(min(life, _MAX_LIFE))
