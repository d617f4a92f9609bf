"""Whose credentials a workload's images are pulled with, found as the kubelet finds them.

The pod template's imagePullSecrets, else its ServiceAccount's, never both; secrets that are
missing or of another type are skipped, and one that is malformed spoils all.
https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kubelet_pods.go
https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/credentialprovider/secrets/secrets.go
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ForbiddenError, MalformedSecretError
from slimgate.cluster.resources import SECRETS, SERVICE_ACCOUNTS
from slimgate.core.credentials.docker_config import (
    CONFIG_JSON_KEY,
    CONFIG_JSON_TYPE,
    LEGACY_KEY,
    LEGACY_TYPE,
    MAX_ENTRIES,
    MalformedDockerConfigError,
    parse_secret,
)
from slimgate.core.credentials.identity import ANONYMOUS, CredentialEntry, Identity
from slimgate.core.errors import MissingError, SlimgateError
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.core.text import printable
from slimgate.core.workloads.kinds import Kind
from slimgate.core.workloads.workload import Workload
from slimgate.engine.bounded import Bounded
from slimgate.engine.flights import Flights

SECONDS: Final = 300.0
"""How long an identity serves before it is read again, behind whoever asks for it."""
LONGEST_SECONDS: Final = 600.0
"""How long one serves that can't be read again: a secret that is gone gives no access after that.

An API server that was restarted asks webhooks again some seconds before they can reach it by its
Service.
"""
_PATIENCE: Final = 0.25
"""How long to wait for the API server where there is an identity that can serve."""
MAX_SECRETS: Final = 64
"""For one workload: whoever may create one must not have the API server asked for ever."""
_AT_ONCE: Final = 8
"""Secrets of one workload that are read side by side, and that may be a megabyte each."""
_SPREAD: Final = 0.2
"""The part of their life by which identities differ, so that those of one start fall due apart."""
_RETRY_SECONDS: Final = 30.0
"""Between two attempts to read the same again, whatever comes of them and whoever asks."""
_QUIET_SECONDS: Final = 24 * 3600.0
"""How long an identity is kept true that nobody asks for."""
_ROUND_SECONDS: Final = 1.0
_A_ROUND: Final = 16
"""Identities that are begun to be read again in a round, all of which take minutes so."""
_MAX_KEPT: Final = 4_096
_MAX_IDENTITY: Final = 2**18
"""Bytes of one workload's entries; a cloud's token takes 3 KB."""
_MAX_BYTES: Final = 2**24
"""Of all that are kept."""
_KEYS: Final = {CONFIG_JSON_TYPE: CONFIG_JSON_KEY, LEGACY_TYPE: LEGACY_KEY}

Key = tuple[str, tuple[str, ...], str]
"""Namespace, names of secrets, name of the service account: "" where the secrets decide."""


class PullSecretObserver(Protocol):
    """Told of what was left out, for metrics and logs."""

    def pull_secret_skipped(self, reason: str, message: str) -> None:
        """Hear that a secret or service account was skipped: forbidden, missing or other_type."""


class SilentPullSecretObserver:
    """Ignores what it hears."""

    def pull_secret_skipped(self, reason: str, message: str) -> None:
        """Do nothing."""


@dataclass(slots=True)
class _Kept:
    identity: Identity
    read: float
    due: float
    """When to read it again."""
    used: float


class PullSecrets:
    """Identities by workload, followed by the operator's own entries; an engine.ports.Keyring.

    It needs the right to get secrets and serviceaccounts, not to list or watch them. Where it
    lacks that, or `enabled` is False, only the operator's own entries are left.
    """

    def __init__(
        self,
        api: ClusterApi,
        own: Identity = ANONYMOUS,
        *,
        enabled: bool = True,
        clock: Callable[[], float] = time.monotonic,
        observer: PullSecretObserver | None = None,
    ) -> None:
        self._api = api
        self._own = own
        self._enabled = enabled
        self._observer = observer or SilentPullSecretObserver()
        self._clock = clock
        self._kept: Bounded[Key, _Kept] = Bounded(_MAX_KEPT, _weight, _MAX_BYTES)
        self._own_by_asker: Bounded[str, Identity] = Bounded(_MAX_KEPT)
        self._flights: Flights[Key, Identity] = Flights()
        self._early: set[asyncio.Task[Identity]] = set()

    async def identity(self, workload: Workload) -> Identity:
        """Find the identity; MalformedSecretError names the secret that the kubelet fails at, too.

        It waits for the API server only where none is known.
        """
        if (known := self.known(workload)) is not None:
            return known
        return await self._read_once(_key(workload))

    def known(self, workload: Workload) -> Identity | None:
        """Tell an identity that is not too old, and read it again behind that where it is due."""
        if not self._enabled:
            return self._own_for(workload.namespace)
        key = _key(workload)
        kept, now = self._kept.get(key), self._clock()
        if kept is None or now - kept.read >= LONGEST_SECONDS:
            return None
        kept.used = now
        if now >= kept.due:
            self._read_behind(key, kept)
        return kept.identity

    async def newer(self, workload: Workload, refused: Identity) -> Identity | None:
        """Read an identity again that a registry has refused; None if there is no other.

        Whoever corrects a secret need not wait until it falls due.
        """
        key = _key(workload)
        kept = self._kept.get(key)
        if kept is None or not self._enabled:
            return None
        if kept.identity.key == refused.key:
            if self._clock() - kept.read < _RETRY_SECONDS:
                return None
            with suppress(TimeoutError, SlimgateError):
                async with asyncio.timeout(_PATIENCE):
                    await self._read_once(key)
        newer = self._kept.get(key)
        return None if newer is None or newer.identity.key == refused.key else newer.identity

    async def run(self) -> None:
        """Keep what is asked for now and then true until cancelled, so that nobody waits for it."""
        while True:
            await asyncio.sleep(_ROUND_SECONDS)
            self.renew()

    def renew(self) -> None:
        """Begin to read some again that are due."""
        now = self._clock()
        due = (
            (key, kept)
            for key, kept in self._kept.items()
            if now >= kept.due and now - kept.used < _QUIET_SECONDS
        )
        for key, kept in islice(due, _A_ROUND):
            self._read_behind(key, kept)

    async def aclose(self) -> None:
        """End what is still being read."""
        await self._flights.close()
        await asyncio.gather(*self._early, return_exceptions=True)

    async def _read_once(self, key: Key) -> Identity:
        namespace, *_ = key
        return await self._flights.join(key, lambda: self._read_all(key), namespace)

    def _read_behind(self, key: Key, kept: _Kept) -> None:
        kept.due = self._clock() + _RETRY_SECONDS
        task = asyncio.create_task(self._read_once(key))
        self._early.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Identity]) -> None:
        self._early.discard(task)
        # The identity that is kept serves on; who finds it too old reads, and hears of failures.
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, SlimgateError):
            raise error

    async def _read_all(self, key: Key) -> Identity:
        started = self._clock()
        identity = await self._load(key)
        before = self._kept.get(key)
        used = self._clock() if before is None else before.used
        life = SECONDS * random.uniform(1 - _SPREAD, 1)  # noqa: S311
        self._kept.put(key, _Kept(identity, started, started + life, used))
        return identity

    async def _load(self, key: Key) -> Identity:
        namespace, names, account = key
        if account:
            names = await self._names(namespace, account)
        names = tuple(dict.fromkeys(names))
        if len(names) > MAX_SECRETS:
            raise MalformedSecretError(
                f"{len(names)} pull secrets in the namespace {printable(namespace, 63)} are too "
                f"many to read for one workload; name at most {MAX_SECRETS}"
            )
        entries: list[CredentialEntry] = []
        size = 0
        for some in range(0, len(names), _AT_ONCE):
            for found in await self._read_some(namespace, names[some : some + _AT_ONCE]):
                entries += found
                size += sum(one.size for one in found)
            if len(entries) > MAX_ENTRIES or size > _MAX_IDENTITY:
                raise MalformedSecretError(
                    f"the pull secrets of one workload in the namespace {printable(namespace, 63)} "
                    f"have more than {MAX_ENTRIES} entries or {_MAX_IDENTITY} bytes; name fewer"
                )
        if not entries:
            return self._own_for(namespace)
        return Identity((*entries, *self._own.entries), namespace)

    async def _read_some(
        self, namespace: str, names: Sequence[str]
    ) -> Sequence[Sequence[CredentialEntry]]:
        """Read secrets side by side; of those that are malformed the first is told of."""

        async def read(name: str) -> Sequence[CredentialEntry]:
            secret = await self._read(SECRETS, namespace, name)
            return () if secret is None else self._entries(secret, namespace, name)

        found = await asyncio.gather(*map(read, names), return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException):
                raise one
        return [one for one in found if not isinstance(one, BaseException)]

    def _own_for(self, namespace: str) -> Identity:
        known = self._own_by_asker.get(namespace)
        if known is None:
            known = Identity(self._own.entries, namespace)
            self._own_by_asker.put(namespace, known)
        return known

    async def _names(self, namespace: str, account: str) -> tuple[str, ...]:
        found = await self._read(SERVICE_ACCOUNTS, namespace, account)
        secrets = objects_at(found or {}, "imagePullSecrets")
        return tuple(name for secret in secrets if (name := text_at(secret, "name")))

    async def _read(self, resource: Kind, namespace: str, name: str) -> JsonObject | None:
        try:
            return await self._api.get(resource.one(namespace, name))
        except MissingError as err:
            self._observer.pull_secret_skipped("missing", str(err))
        except ForbiddenError as err:
            self._observer.pull_secret_skipped("forbidden", str(err))
        return None

    def _entries(
        self, secret: JsonObject, namespace: str, name: str
    ) -> tuple[CredentialEntry, ...]:
        shown = f"the pull secret {printable(namespace, 63)}/{printable(name, 253)}"
        kind, data = text_at(secret, "type"), mapping_at(secret, "data")
        texts = {key: value for key, value in data.items() if isinstance(value, str)}
        if not texts.get(_KEYS.get(kind, "")):
            self._observer.pull_secret_skipped(
                "other_type", f"{shown} is of type {printable(kind, 80)} or empty, and not used"
            )
            return ()
        try:
            return parse_secret(kind, texts).entries
        except MalformedDockerConfigError as err:
            raise MalformedSecretError(f"{shown} can't be used: {err}; correct it") from err


def _key(workload: Workload) -> Key:
    account = "" if workload.pull_secrets else workload.service_account
    return workload.namespace, workload.pull_secrets, account


def _weight(kept: _Kept) -> int:
    return 512 + sum(entry.size + 256 for entry in kept.identity.entries)
