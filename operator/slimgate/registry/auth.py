"""Logs in: what to send a registry, from what it was seen to want.

Every registry is asked at most twice: once with what is known of it, and once more with a fresh
answer to its challenge. What a host wants is remembered, so the next repository's first request
already carries a token.
"""

import re
from typing import Final

from yarl import URL

from slimgate.core.credentials.challenge import Challenge
from slimgate.core.credentials.identity import Credential
from slimgate.core.errors import RefusedAddressError, UnsupportedError
from slimgate.core.images.reference import DOCKER_HUB
from slimgate.engine.bounded import Bounded
from slimgate.registry.tokens import Tokens, WantedToken, basic, is_header_safe
from slimgate.registry.transport import Transport
from slimgate.registry.urls import Origin, authority_of, origin_of

HUB_HOST: Final = "registry-1.docker.io"
"""Where Docker Hub's registry is."""
SCHEMES: Final = frozenset({"bearer", "basic"})
_MAX_HOSTS: Final = 4_096
_MAX_REALM: Final = 2_048
_PULL_SCOPE: Final = re.compile(r"repository:[a-z0-9._/-]{1,255}:pull")


class Authenticator:
    """Knows what hosts want and holds their tokens. Credentials given are for the host asked."""

    def __init__(self, transport: Transport, tokens: Tokens) -> None:
        self._transport = transport
        self._tokens = tokens
        self._wanted: Bounded[Origin, Challenge] = Bounded(_MAX_HOSTS)

    async def known(self, base: URL, repository: str, credential: Credential | None) -> str | None:
        """Make an Authorization header from what the host wanted before; None if nothing is."""
        challenge = self._wanted.get(origin_of(base))
        if challenge is None:
            return None
        scope = f"repository:{repository}:pull"
        return await self._answer(base, challenge, scope, credential, rejected=None)

    def knows(self, base: URL) -> bool:
        """Whether it is known what the host wants."""
        return self._wanted.get(origin_of(base)) is not None

    def kept(self, base: URL, repository: str, credential: Credential | None) -> str | None:
        """Make the same header of what is at hand, without asking anybody for a token."""
        challenge = self._wanted.get(origin_of(base))
        if challenge is None:
            return None
        if (header := _ready(challenge, credential)) is not None or challenge.scheme == "basic":
            return header
        scope = f"repository:{repository}:pull"
        token = self._tokens.kept(self._token(base, challenge, scope, credential))
        return f"Bearer {token}" if token is not None else None

    async def answer(
        self,
        base: URL,
        repository: str,
        credential: Credential | None,
        challenges: tuple[Challenge, ...],
        sent: str | None,
    ) -> str | None:
        """Answer a 401; `sent` is the header it rejected. None if there is no other to try."""
        for challenge in challenges:
            if challenge.scheme not in SCHEMES:
                continue
            self._wanted.put(origin_of(base), challenge)
            scope = _scope(challenge, repository)
            rejected = sent.removeprefix("Bearer ") if sent else None
            header = await self._answer(base, challenge, scope, credential, rejected=rejected)
            if header is not None and header != sent:
                return header
        return None

    async def _answer(
        self,
        base: URL,
        challenge: Challenge,
        scope: str,
        credential: Credential | None,
        *,
        rejected: str | None,
    ) -> str | None:
        if (header := _ready(challenge, credential)) is not None or challenge.scheme == "basic":
            return header
        wanted = self._token(base, challenge, scope, credential)
        return f"Bearer {await self._tokens.get(wanted, rejected=rejected)}"

    def _token(
        self, base: URL, challenge: Challenge, scope: str, credential: Credential | None
    ) -> WantedToken:
        return WantedToken(
            realm=self._realm(base, challenge),
            service=challenge.parameters.get("service"),
            scope=scope,
            credential=credential,
            host=_shown(base),
        )

    def _realm(self, base: URL, challenge: Challenge) -> URL:
        """Check where the registry sends us for a token: it may be any host, but a safe one.

        A registry that names another's token server gets nothing by it: the credential is the one
        kept for this registry's own name (as in containerd and go-containerregistry).
        """
        text = challenge.parameters.get("realm", "")
        try:
            realm = URL(text, encoded=True) if len(text) <= _MAX_REALM else URL()
            usable = realm.absolute and realm.scheme in {"http", "https"} and bool(realm.port)
        except ValueError:
            usable = False
        if not usable or not re.fullmatch(r"[\x21-\x7e]+", text):
            raise UnsupportedError(f"{_shown(base)} names no token server")
        if base.scheme == "https" and realm.scheme != "https":
            raise RefusedAddressError(
                f"{_shown(base)} is served over HTTPS but asks for a login over plain HTTP"
            )
        self._transport.guard.check_url(realm)
        return realm.with_fragment(None)


def _ready(challenge: Challenge, credential: Credential | None) -> str | None:
    """Make a header that needs no token server; None if there is none."""
    if credential is None:
        return None
    if challenge.scheme == "basic":
        return basic(credential) if credential.username is not None else None
    token = credential.registry_token
    return f"Bearer {token}" if token is not None and is_header_safe(token) else None


def _scope(challenge: Challenge, repository: str) -> str:
    # What a registry asks for is given where it is no more than a right to pull.
    asked = challenge.parameters.get("scope", "").split()
    if asked and len(asked) <= 2 and all(map(_PULL_SCOPE.fullmatch, asked)):  # noqa: PLR2004
        return " ".join(asked)
    return f"repository:{repository}:pull"


def _shown(base: URL) -> str:
    authority = authority_of(base)
    return DOCKER_HUB if authority == HUB_HOST else authority
