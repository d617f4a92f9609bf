"""Asks registries that only say no where others say what login they want.

https://distribution.github.io/distribution/spec/api/#api-version-check
"""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from yarl import URL

from slimgate.core.credentials.challenge import Challenge, parse_challenges
from slimgate.core.images.reference import Reference
from slimgate.engine.bounded import Bounded
from slimgate.registry.requests import HttpRequest
from slimgate.registry.transport import Transport
from slimgate.registry.urls import Origin, origin_of

_MAX_HOSTS: Final = 4_096
_SECONDS: Final = 300.0
"""After which one that wanted no login is asked again."""


class Ping:
    """Knows which registries want no login there, so that they are asked once."""

    def __init__(self, transport: Transport, clock: Callable[[], float] = time.monotonic) -> None:
        self._transport = transport
        self._clock = clock
        self._open: Bounded[Origin, float] = Bounded(_MAX_HOSTS)

    def is_due(self, base: URL) -> bool:
        """Whether it may help to ask."""
        seen = self._open.get(origin_of(base))
        return seen is None or self._clock() - seen > _SECONDS

    async def challenges(
        self, base: URL, reference: Reference, seconds: float
    ) -> tuple[Challenge, ...]:
        """Ask; only the registry's own answer counts."""
        request = HttpRequest(
            method="GET",
            url=base.with_path("/v2/"),
            host=reference.registry,
            seconds=seconds,
            repository=reference.repository,
        )
        async with self._transport.open(request) as answer:
            if answer.status == HTTPStatus.UNAUTHORIZED and not answer.request.moved:
                found = parse_challenges(answer.headers.getall("WWW-Authenticate", []))
                if found:
                    return found
        self._open.put(origin_of(base), self._clock())
        return ()
