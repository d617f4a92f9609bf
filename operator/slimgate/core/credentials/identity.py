"""Identities: whose credentials a look-up uses.

Facts seen with one identity are not shown to another (docs/architecture.md), so `key`
separates caches. The anonymous identity's key is the empty string.
"""

import copy
import hashlib
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

BYTES: Final = "surrogateescape"
"""How users and passwords are texts: as in Go, they are any bytes, such as those of Latin-1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What to show a registry: Basic, an OAuth2 refresh token, or a ready bearer token."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    identity_token: str | None = field(default=None, repr=False)
    registry_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class CredentialEntry:
    """One `auths` entry of a docker config: a pattern of registries and paths, and a credential."""

    pattern: str
    credential: Credential

    @property
    def size(self) -> int:
        """Its characters, all together."""
        return sum(len(text) for text in _secret(self) if text)


class Ration(Protocol):
    """What all look-ups for one review may take of registries, together."""

    def take_request(self) -> None:
        """Count a request that is about to be sent; SpentError if nothing is left."""

    def check_bytes(self) -> None:
        """Raise SpentError if no more documents may be read."""

    def count_bytes(self, count: int) -> None:
        """Hear how much of documents was read."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The docker config entries that one workload, user or operator may use, in order.

    `key` is a stable hash that separates this identity's caches from all others, and is all that
    is compared: there may be many entries. `asker` is the namespace whose turn a look-up takes, or
    the user in it (engine.fair), and `ration` what it takes from, if that is limited.
    """

    entries: tuple[CredentialEntry, ...] = field(default=(), compare=False)
    asker: str = field(default="", compare=False)
    ration: Ration | None = field(default=None, compare=False, repr=False)
    key: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        secrets = repr([_secret(e) for e in self.entries]).encode()
        key = hashlib.sha256(secrets).hexdigest() if self.entries else ""
        object.__setattr__(self, "key", key)

    def rationed(self, ration: Ration, asker: str) -> Self:
        """Ask as the same one, by a ration and in a turn; without hashing all secrets again."""
        asking = copy.copy(self)
        object.__setattr__(asking, "ration", ration)
        object.__setattr__(asking, "asker", asker)
        return asking


ANONYMOUS = Identity()


def _secret(entry: CredentialEntry) -> tuple[str | None, ...]:
    cred = entry.credential
    return (
        entry.pattern, cred.username, cred.password, cred.identity_token, cred.registry_token
    )  # fmt: skip
