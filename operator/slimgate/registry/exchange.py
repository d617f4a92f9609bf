"""One call to a registry: tries logins in turn, takes a slot, backs off, makes refusals errors."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import Final, TypeVar

from yarl import URL

from slimgate.core.credentials.challenge import parse_challenges
from slimgate.core.credentials.identity import Credential, Identity
from slimgate.core.errors import (
    ImageError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
)
from slimgate.core.images.reference import DOCKER_HUB, Reference
from slimgate.registry.abroad import Abroad
from slimgate.registry.auth import HUB_HOST, SCHEMES, Authenticator
from slimgate.registry.body import Answer
from slimgate.registry.opened import Opened
from slimgate.registry.ping import Ping
from slimgate.registry.providers import Providers
from slimgate.registry.ratelimit import RateLimits, Whom, remaining_of
from slimgate.registry.requests import HttpRequest
from slimgate.registry.settings import RegistryObserver
from slimgate.registry.transport import Transport
from slimgate.registry.turn import Busy, RegistryCall, Turn, Unauthorized
from slimgate.registry.urls import host_of

_HIDING: Final = frozenset({401, 403, 404})
_LOGINS: Final = 5
"""How many may be wanted for one call: the registry's own, and those of where it redirects to."""

T = TypeVar("T")


class Exchange:
    """Carries out calls; holds which credential opened which repository."""

    def __init__(
        self,
        transport: Transport,
        authenticator: Authenticator,
        limits: RateLimits,
        observer: RegistryObserver,
        *,
        providers: Providers,
    ) -> None:
        self._transport = transport
        self._authenticator = authenticator
        self._limits = limits
        self._observer = observer
        self._opened = Opened()
        self._ping = Ping(transport)
        self._providers = providers

    async def run(
        self, call: RegistryCall, identity: Identity, consume: Callable[[Answer], Awaitable[T]]
    ) -> T:
        """Make the call with each credential in turn, and give its answer to `consume`.

        `consume` runs inside of the call's deadline. Raises ImageError.
        """
        with self._transport.asking(identity.asker):
            return await self._run(call, identity, consume)

    async def _run(
        self, call: RegistryCall, identity: Identity, consume: Callable[[Answer], Awaitable[T]]
    ) -> T:
        failures: list[ImageError] = []
        for credential in await self._in_turn(call.reference, identity):
            if credential is None and any(isinstance(f, NotFoundError) for f in failures):
                break
            try:
                result = await self._as(call, identity, credential, consume)
            except (UnauthorizedError, NotFoundError) as err:
                # A registry may hide from one credential what it shows to the next.
                failures.append(err.bare())
                continue
            self._opened.put(call.reference, identity, credential)
            return result
        missing = [error for error in failures if isinstance(error, NotFoundError)]
        raise (missing or failures)[0].bare()

    async def _in_turn(self, reference: Reference, identity: Identity) -> list[Credential | None]:
        every = self._opened.in_turn(reference, identity)
        provided = await self._providers.credentials(reference)
        # Pull secrets come first, and nobody at all last, unless that has served before.
        ours = [one for one in every if one is not None]
        logins = [*ours, *(one for one in provided if one not in ours)]
        return [None, *logins] if ours and every[0] is None else [*logins, None]

    async def _as(
        self,
        call: RegistryCall,
        identity: Identity,
        credential: Credential | None,
        consume: Callable[[Answer], Awaitable[T]],
    ) -> T:
        base = self._base(call.reference)
        await self._pass(call.reference.registry, credential)
        turn = Turn(
            call=call,
            asker=identity.asker,
            ration=identity.ration,
            base=base,
            credential=credential,
            sent=await self._authenticator.known(base, call.reference.repository, credential),
            abroad=Abroad(self._authenticator, self._limits, self._opened, identity),
        )
        outcome = await self._patiently(turn, consume)
        for _ in range(_LOGINS):
            if not isinstance(outcome, Unauthorized) or not await self._login(turn, outcome):
                break
            outcome = await self._patiently(turn, consume)
        if isinstance(outcome, Unauthorized):
            raise outcome.error
        turn.abroad.succeeded()
        return outcome

    async def _patiently(
        self, turn: Turn, consume: Callable[[Answer], Awaitable[T]]
    ) -> T | Unauthorized:
        """Ask again, a few times, where one that is busy does not ask for a longer time."""
        outcome = await self._once(turn, consume)
        for pause in self._limits.pauses():
            if not isinstance(outcome, Busy):
                return outcome
            seconds = pause if outcome.seconds is None else outcome.seconds
            if seconds > self._limits.patience:
                break
            await asyncio.sleep(seconds)
            outcome = await self._once(turn, consume)
        if not isinstance(outcome, Busy):
            return outcome
        if outcome.whom is not None and isinstance(outcome.error, RateLimitedError):
            raise self._limits.heed(outcome.whom, outcome.error)
        raise outcome.error

    async def _login(self, turn: Turn, outcome: Unauthorized) -> bool:
        """Find what else to show to whoever wants a login; False if there is nothing."""
        if outcome.url is not None:
            return await turn.abroad.answer(outcome.url, outcome.challenges)
        if turn.answered:
            return False
        turn.answered = True
        challenges = outcome.challenges
        if all(one.scheme not in SCHEMES for one in challenges):
            if not self._ping.is_due(turn.base):
                return False
            reference, seconds = turn.call.reference, turn.call.seconds
            challenges = await self._ping.challenges(turn.base, reference, seconds)
        repository = turn.call.reference.repository
        fresh = await self._authenticator.answer(
            turn.base, repository, turn.credential, challenges, turn.sent
        )
        turn.sent = fresh
        return fresh is not None

    def _hides(self, answer: Answer, turn: Turn) -> bool:
        """Whether a refusal may be that of a registry that has not yet said what it wants."""
        return (
            answer.status in _HIDING
            and not answer.request.moved
            and turn.sent is None
            and not self._authenticator.knows(turn.base)
            and self._ping.is_due(turn.base)
        )

    async def _pass(self, registry: str, credential: Credential | None) -> None:
        try:
            await self._limits.pass_through(Whom(host=registry, account=credential, name=registry))
        except RateLimitedError as err:
            self._observer.request_skipped(registry, err.reason)
            raise

    async def _once(
        self, turn: Turn, consume: Callable[[Answer], Awaitable[T]]
    ) -> T | Unauthorized | Busy:
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
        async with self._limits.slot(registry, turn.asker):
            # When it is its turn, and no sooner: what others take of the ration is known then.
            if turn.ration is not None:
                turn.ration.take_request()
            async with self._transport.open(request) as answer:
                return await self._outcome(turn, answer, consume)

    async def _outcome(
        self, turn: Turn, answer: Answer, consume: Callable[[Answer], Awaitable[T]]
    ) -> T | Unauthorized | Busy:
        call = turn.call
        self._heed(answer, call.reference.registry)
        if answer.status in call.accept:
            return await consume(answer)
        error = await turn.refusal(answer)
        if answer.status == HTTPStatus.UNAUTHORIZED or self._hides(answer, turn):
            challenges = parse_challenges(answer.headers.getall("WWW-Authenticate", []))
            url = answer.request.url if answer.request.moved else None
            return Unauthorized(challenges=challenges, error=error, url=url)
        if (busy := turn.busy(answer, error)) is not None:
            return busy
        raise error

    def _heed(self, answer: Answer, registry: str) -> None:
        remaining = remaining_of(answer.headers.get("RateLimit-Remaining"))
        if remaining is not None and not answer.request.moved:
            self._observer.rate_limit(registry, remaining)

    def _base(self, reference: Reference) -> URL:
        authority = HUB_HOST if reference.registry == DOCKER_HUB else reference.registry
        secure = URL(f"https://{authority}")
        exemption = self._transport.guard.exemption(host_of(secure), secure.port)
        scheme = "http" if exemption and exemption.plain_http else "https"
        return URL(f"{scheme}://{authority}")
