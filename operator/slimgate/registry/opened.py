"""Which credential opened which repository, for each identity by itself."""

from typing import Final

from slimgate.core.credentials.identity import Credential, Identity
from slimgate.core.credentials.keychain import Keychain
from slimgate.core.images.reference import Reference
from slimgate.engine.bounded import Bounded

_MAX_REMEMBERED: Final = 8_192
_MAX_KEYCHAINS: Final = 32
"""Few: each may hold thousands of entries, and is made anew in milliseconds."""


class Opened:
    """Puts an identity's credentials in the order to try them in."""

    def __init__(self) -> None:
        self._known: Bounded[tuple[str, str], tuple[Credential | None]] = Bounded(_MAX_REMEMBERED)
        self._keychains: Bounded[str, Keychain] = Bounded(_MAX_KEYCHAINS)

    def in_turn(self, reference: Reference, identity: Identity) -> list[Credential | None]:
        """List the credentials for a repository, the one that opened it before first."""
        every = list(self._keychain(identity).candidates(reference))
        opened = self._known.get((identity.key, reference.name))
        if opened is not None and opened[0] in every:
            return [*opened, *(credential for credential in every if credential != opened[0])]
        return every

    def put(self, reference: Reference, identity: Identity, credential: Credential | None) -> None:
        """Remember the one that did."""
        self._known.put((identity.key, reference.name), (credential,))

    def _keychain(self, identity: Identity) -> Keychain:
        known = self._keychains.get(identity.key)
        if known is None:
            known = Keychain(identity)
            self._keychains.put(identity.key, known)
        return known
