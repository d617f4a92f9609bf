"""One call to a registry: tries logins in turn, takes a slot, backs off, makes refusals errors."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, TypeVar

from yarl import URL

from slimgate.core.credentials.challenge import Challenge, parse_challenges
from slimgate.core.credentials.identity import Credential, Identity
from slimgate.core.credentials.keychain import candidates
from slimgate.core.errors import (
    ImageError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
)
from slimgate.core.images.reference import DOCKER_HUB, Reference
from slimgate.core.text import printable
from slimgate.engine.bounded import Bounded
from slimgate.registry.auth import Authenticator
from slimgate.registry.body import Answer
from slimgate.registry.errors import MAX_ERROR_BODY, error_of, retry_after_seconds
from slimgate.registry.ratelimit import RateLimits, remaining_of
from slimgate.registry.settings import RegistryObserver
from slimgate.registry.transport import HttpRequest, Transport

_HUB_HOST: Final = "registry-1.docker.io"
_MAX_REMEMBERED: Final = 8_192

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
    challenges: tuple[Challenge, ...]
    error: ImageError


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
        self._opened: Bounded[tuple[str, str], tuple[Credential | None]] = Bounded(_MAX_REMEMBERED)

    async def run(
        self, call: RegistryCall, identity: Identity, consume: Callable[[Answer], Awaitable[T]]
    ) -> T:
        """Make the call with each credential in turn, and give its answer to `consume`.

        `consume` runs inside of the call's deadline. Raises ImageError.
        """
        failures: list[ImageError] = []
        for credential in self._in_turn(call.reference, identity):
            if credential is None and any(isinstance(f, NotFoundError) for f in failures):
                break
            try:
                result = await self._as(call, credential, consume)
            except (UnauthorizedError, NotFoundError) as err:
                # A registry may hide from one credential what it shows to the next.
                failures.append(err)
                continue
            self._opened.put((identity.key, call.reference.name), (credential,))
            return result
        missing = [error for error in failures if isinstance(error, NotFoundError)]
        raise (missing or failures)[0]

    def _in_turn(self, reference: Reference, identity: Identity) -> list[Credential | None]:
        every = list(candidates(identity, reference))
        opened = self._opened.get((identity.key, reference.name))
        if opened is not None and opened[0] in every:
            return [*opened, *(credential for credential in every if credential != opened[0])]
        return every

    async def _as(
        self,
        call: RegistryCall,
        credential: Credential | None,
        consume: Callable[[Answer], Awaitable[T]],
    ) -> T:
        base = self._base(call.reference)
        repository = call.reference.repository
        self._check(call.reference.registry, credential)
        try:
            sent = await self._authenticator.known(base, repository, credential)
            outcome = await self._once(call, base, sent, consume)
            if isinstance(outcome, _Unauthorized):
                fresh = await self._authenticator.answer(
                    base, repository, credential, outcome.challenges, sent
                )
                if fresh is None:
                    raise outcome.error
                outcome = await self._once(call, base, fresh, consume)
        except RateLimitedError as err:
            pause = self._limits.back_off(call.reference.registry, credential, err.retry_after)
            raise RateLimitedError(str(err), code=err.code, retry_after=pause) from err
        if isinstance(outcome, _Unauthorized):
            raise outcome.error
        return outcome

    def _check(self, registry: str, credential: Credential | None) -> None:
        try:
            self._limits.check(registry, credential)
        except RateLimitedError as err:
            self._observer.request_skipped(registry, err.reason)
            raise

    async def _once(
        self,
        call: RegistryCall,
        base: URL,
        authorization: str | None,
        consume: Callable[[Answer], Awaitable[T]],
    ) -> T | _Unauthorized:
        registry = call.reference.registry
        request = HttpRequest(
            method=call.method,
            url=base.with_path(f"/v2/{call.reference.repository}/{call.path}", encoded=True),
            host=registry,
            seconds=call.seconds,
            repository=call.reference.repository,
            headers=call.headers,
            authorization=authorization,
        )
        async with self._limits.slot(registry), self._transport.open(request) as answer:
            remaining = remaining_of(answer.headers.get("RateLimit-Remaining"))
            if remaining is not None:
                self._observer.rate_limit(registry, remaining)
            if answer.status in call.accept:
                return await consume(answer)
            body = await answer.peek(MAX_ERROR_BODY) if call.method != "HEAD" else b""
            error = error_of(
                answer.status,
                body,
                host=printable(registry, 128),
                what=call.what,
                retry_after=retry_after_seconds(
                    answer.headers.get("Retry-After"), datetime.now(UTC)
                ),
            )
            if answer.status == HTTPStatus.UNAUTHORIZED:
                challenges = parse_challenges(answer.headers.getall("WWW-Authenticate", []))
                return _Unauthorized(challenges=challenges, error=error)
            raise error

    def _base(self, reference: Reference) -> URL:
        authority = _HUB_HOST if reference.registry == DOCKER_HUB else reference.registry
        secure = URL(f"https://{authority}")
        host, port = secure.host or "", secure.explicit_port
        exemption = self._transport.guard.exemption(host, port or 443)
        scheme = "http" if exemption and exemption.plain_http else "https"
        return URL(f"{scheme}://{authority}")
