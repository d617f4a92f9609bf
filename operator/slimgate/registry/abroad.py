"""Logins for the hosts that a registry redirects to, each with what is kept for that host itself.

https://distribution.github.io/distribution/spec/api/ leaves open where content is served from: some
registries (lscr.io, cr.fluentbit.io) redirect to another one, which has a token server of its own.
"""

import re
from dataclasses import dataclass
from typing import Final

from yarl import URL

from slimgate.core.credentials.challenge import Challenge
from slimgate.core.credentials.identity import Credential, Identity
from slimgate.core.errors import UnauthorizedError
from slimgate.core.images.reference import DOCKER_HUB, Reference
from slimgate.registry.auth import HUB_HOST, Authenticator
from slimgate.registry.opened import Opened
from slimgate.registry.ratelimit import RateLimits, Whom
from slimgate.registry.urls import authority_of

_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH: Final = re.compile(rf"/v2/({_PART}(?:/{_PART})*)/(?:manifests|blobs)/[^/]+")
_MAX_PATH: Final = 1_024


@dataclass(slots=True)
class _Place:
    """One repository of another host; `left` are the credentials to try, the first one's turn."""

    base: URL
    reference: Reference
    left: list[Credential | None]
    header: str | None = None
    answered: bool = False


class Abroad:
    """What one call shows where it is redirected to.

    A login is shown where the address is one of a registry's, else nothing is: whoever redirects
    could have it sent to any page of that host.
    """

    def __init__(
        self, authenticator: Authenticator, limits: RateLimits, opened: Opened, identity: Identity
    ) -> None:
        self._authenticator = authenticator
        self._limits = limits
        self._opened = opened
        self._identity = identity
        self._places: dict[str, _Place] = {}

    def authorization(self, registry: str, url: URL) -> str | None:
        """Find what to show there by what is known; RateLimitedError if it is to be left alone."""
        self._limits.check(self.whom(registry, url))
        place = self._place(url)
        return place.header if place is not None else None

    async def answer(self, url: URL, challenges: tuple[Challenge, ...]) -> bool:
        """Answer a 401 that came from there; False if there is nothing else to show."""
        place = self._place(url)
        while place is not None and place.left:
            if place.answered:
                place.left.pop(0)
                place.answered, place.header = False, None
                continue
            place.answered = True
            try:
                header = await self._authenticator.answer(
                    place.base, place.reference.repository, place.left[0], challenges, place.header
                )
            except UnauthorizedError:
                continue
            if header is not None:
                place.header = header
                return True
        return False

    def shown(self, url: URL) -> Credential | None:
        """Tell which credential was shown there."""
        place = self._place(url)
        return place.left[0] if place is not None and place.left and place.header else None

    def succeeded(self) -> None:
        """Remember which credentials did."""
        for place in self._places.values():
            if place.left:
                self._opened.put(place.reference, self._identity, place.left[0])

    def whom(self, registry: str, url: URL) -> Whom:
        """Say who limits requests there: for those whom this registry sends, and no others."""
        name = f"{authority_of(url)}, where {registry} redirects to,"
        return Whom(host=authority_of(url), account=self._identity.key, via=registry, name=name)

    def _place(self, url: URL) -> _Place | None:
        path = url.raw_path
        match = _PATH.fullmatch(path) if len(path) <= _MAX_PATH else None
        if match is None:
            return None
        host = url.host_port_subcomponent or ""
        reference = Reference(DOCKER_HUB if host == HUB_HOST else host, match[1])
        place = self._places.get(reference.name)
        if place is None:
            left = self._opened.in_turn(reference, self._identity)
            place = _Place(url.origin(), reference, left)
            place.header = self._authenticator.kept(place.base, match[1], left[0])
            self._places[reference.name] = place
        return place
