"""One call to a registry: tries logins in turn, takes a slot, backs off, makes refusals errors."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Final, TypeVar

from yarl import URL

from slimgate.core.credentials.challenge import Challenge, parse_challenges
from slimgate.core.credentials.identity import Credential, Identity
from slimgate.core.errors import (
    ImageError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
)
from slimgate.core.images.reference import DOCKER_HUB, Reference
from slimgate.core.text import printable
from slimgate.registry.abroad import Abroad
from slimgate.registry.auth import HUB_HOST, Authenticator
from slimgate.registry.body import Answer
from slimgate.registry.errors import MAX_ERROR_BODY, error_of, retry_after_seconds
from slimgate.registry.opened import Opened
from slimgate.registry.ratelimit import RateLimits, Whom, remaining_of
from slimgate.registry.requests import HttpRequest, host_of
from slimgate.registry.settings import RegistryObserver
from slimgate.registry.transport import Transport

_LOGINS: Final = 5
"""How many may be wanted for one call: the registry's own, and those of where it redirects to."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryCall:
    """What to ask: `path` follows the repository, `accept` are the statuses that are no refusal."""

    reference: Reference
    method: str
    path: str
    what: str
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict)
    accept: frozenset[int] = frozenset({200})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unauthorized:
    """A 401; `url` is who sent it, None if it is the registry itself."""

    challenges: tuple[Challenge, ...]
    error: ImageError
    url: URL | None


@dataclass(slots=True, kw_only=True)
class _Turn:
    """A call with one credential: what it shows the registry, and whom it is redirected to."""

    call: RegistryCall
    base: URL
    credential: Credential | None
    sent: str | None
    abroad: Abroad
    answered: bool = False


class Exchange:
    """Carries out calls; holds which credential opened which repository."""

    def __init__(
        self,
        transport: Transport,
        authenticator: Authenticator,
        limits: RateLimits,
        observer: RegistryObserver,
    ) -> None:
        self._transport = transport
        self._authenticator = authenticator
        self._limits = limits
        self._observer = observer
        self._opened = Opened()

    async def run(
        self, call: RegistryCall, identity: Identity, consume: Callable[[Answer], Awaitable[T]]
    ) -> T:
        """Make the call with each credential in turn, and give its answer to `consume`.

        `consume` runs inside of the call's deadline. Raises ImageError.
        """
        failures: list[ImageError] = []
        for credential in self._opened.in_turn(call.reference, identity):
            if credential is None and any(isinstance(f, NotFoundError) for f in failures):
                break
            try:
                result = await self._as(call, identity, credential, consume)
            except (UnauthorizedError, NotFoundError) as err:
                # A registry may hide from one credential what it shows to the next.
                failures.append(err)
                continue
            self._opened.put(call.reference, identity, credential)
            return result
        missing = [error for error in failures if isinstance(error, NotFoundError)]
        raise (missing or failures)[0]

    async def _as(
        self,
        call: RegistryCall,
        identity: Identity,
        credential: Credential | None,
        consume: Callable[[Answer], Awaitable[T]],
    ) -> T:
        base = self._base(call.reference)
        self._check(call.reference.registry, credential)
        turn = _Turn(
            call=call,
            base=base,
            credential=credential,
            sent=await self._authenticator.known(base, call.reference.repository, credential),
            abroad=Abroad(self._authenticator, self._limits, self._opened, identity),
        )
        outcome = await self._once(turn, consume)
        for _ in range(_LOGINS):
            if not isinstance(outcome, _Unauthorized) or not await self._login(turn, outcome):
                break
            outcome = await self._once(turn, consume)
        if isinstance(outcome, _Unauthorized):
            raise outcome.error
        turn.abroad.succeeded()
        return outcome

    async def _login(self, turn: _Turn, outcome: _Unauthorized) -> bool:
        """Find what else to show to whoever wants a login; False if there is nothing."""
        if outcome.url is not None:
            return await turn.abroad.answer(outcome.url, outcome.challenges)
        if turn.answered:
            return False
        turn.answered = True
        repository = turn.call.reference.repository
        fresh = await self._authenticator.answer(
            turn.base, repository, turn.credential, outcome.challenges, turn.sent
        )
        turn.sent = fresh
        return fresh is not None

    def _check(self, registry: str, credential: Credential | None) -> None:
        try:
            self._limits.check(Whom(host=registry, account=credential, name=registry))
        except RateLimitedError as err:
            self._observer.request_skipped(registry, err.reason)
            raise

    async def _once(
        self, turn: _Turn, consume: Callable[[Answer], Awaitable[T]]
    ) -> T | _Unauthorized:
        call = turn.call
        registry = call.reference.registry
        path = f"/v2/{call.reference.repository}/{call.path}"
        request = HttpRequest(
            method=call.method,
            url=turn.base.with_path(path, encoded=True),
            host=registry,
            seconds=call.seconds,
            repository=call.reference.repository,
            headers=call.headers,
            authorization=turn.sent,
            abroad=partial(turn.abroad.authorization, registry),
        )
        async with self._limits.slot(registry), self._transport.open(request) as answer:
            self._heed(answer, registry)
            if answer.status in call.accept:
                return await consume(answer)
            error = await self._refusal(answer, turn)
            if answer.status == HTTPStatus.UNAUTHORIZED:
                challenges = parse_challenges(answer.headers.getall("WWW-Authenticate", []))
                url = answer.request.url if answer.request.moved else None
                return _Unauthorized(challenges=challenges, error=error, url=url)
            raise error

    def _heed(self, answer: Answer, registry: str) -> None:
        remaining = remaining_of(answer.headers.get("RateLimit-Remaining"))
        if remaining is not None and not answer.request.moved:
            self._observer.rate_limit(registry, remaining)

    async def _refusal(self, answer: Answer, turn: _Turn) -> ImageError:
        request = answer.request
        body = await answer.peek(MAX_ERROR_BODY) if request.method != "HEAD" else b""
        retry_after = retry_after_seconds(answer.headers.get("Retry-After"), datetime.now(UTC))
        error = error_of(
            answer.status,
            body,
            host=printable(request.name, 256),
            what=turn.call.what,
            retry_after=retry_after,
        )
        if not isinstance(error, RateLimitedError):
            return error
        registry = turn.call.reference.registry
        if request.moved:
            return self._limits.heed(turn.abroad.whom(registry, request.url), error)
        return self._limits.heed(Whom(host=registry, account=turn.credential, name=registry), error)

    def _base(self, reference: Reference) -> URL:
        authority = HUB_HOST if reference.registry == DOCKER_HUB else reference.registry
        secure = URL(f"https://{authority}")
        exemption = self._transport.guard.exemption(host_of(secure), secure.port)
        scheme = "http" if exemption and exemption.plain_http else "https"
        return URL(f"{scheme}://{authority}")
