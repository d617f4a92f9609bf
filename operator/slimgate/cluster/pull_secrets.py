"""Whose credentials a workload's images are pulled with, found as the kubelet finds them.

The pod template's imagePullSecrets, else its ServiceAccount's, never both; secrets that are
missing or of another type are skipped, and one that is malformed spoils all.
https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/kubelet_pods.go
https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/credentialprovider/secrets/secrets.go
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import (
    ForbiddenError,
    MalformedSecretError,
    UnreachableError,
)
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
from slimgate.core.errors import MissingError, OverloadedError, SlimgateError
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.core.text import printable
from slimgate.core.workloads.kinds import Kind
from slimgate.core.workloads.workload import Workload
from slimgate.engine.bounded import Bounded
from slimgate.engine.flights import Flights

SECONDS: Final = 30.0
STALE_SECONDS: Final = 300.0
"""How long an identity serves while the API server can't be reached.

One that was restarted asks webhooks again some seconds before they can reach it by its Service.
"""
_PATIENCE: Final = 0.25
"""How long to wait for the API server where there is an identity that can serve."""
MAX_SECRETS: Final = 64
"""For one workload: whoever may create one must not have the API server asked for ever."""
_EARLY: Final = 0.5
"""The part of its life after which an identity that is asked for is read again ahead of time."""
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
    renewed: bool = False


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
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
        observer: PullSecretObserver | None = None,
    ) -> None:
        self._api = api
        self._own = own
        self._enabled = enabled
        self._observer = observer or SilentPullSecretObserver()
        self._seconds = seconds
        self._clock = clock
        self._kept: Bounded[Key, _Kept] = Bounded(_MAX_KEPT, _weight, _MAX_BYTES)
        self._own_by_asker: Bounded[str, Identity] = Bounded(_MAX_KEPT)
        self._flights: Flights[Key, Identity] = Flights()
        self._early: set[asyncio.Task[Identity]] = set()

    async def identity(self, workload: Workload) -> Identity:
        """Find the identity; MalformedSecretError names the secret that the kubelet fails at, too.

        Within the time that identities are kept this waits for nothing. Later it waits for the API
        server, but not long where one that is not too old can serve.
        """
        if (known := self.known(workload)) is not None:
            return known
        key = _key(workload)
        kept = self._kept.get(key)
        if kept is None or self._clock() - kept.read >= max(self._seconds, STALE_SECONDS):
            return await self._read_once(key)
        return await self._read_or(kept.identity, key)

    def known(self, workload: Workload) -> Identity | None:
        """Tell an identity that need not be read again yet, and read it ahead of time."""
        if not self._enabled:
            return self._own_for(workload.namespace)
        key = _key(workload)
        kept = self._kept.get(key)
        age = self._clock() - kept.read if kept is not None else 0.0
        if kept is None or age >= self._seconds:
            return None
        if age >= self._seconds * _EARLY and not kept.renewed:
            kept.renewed = True
            self._read_early(key)
        return kept.identity

    async def aclose(self) -> None:
        """End what is still being read."""
        await self._flights.close()
        await asyncio.gather(*self._early, return_exceptions=True)

    async def _read_once(self, key: Key) -> Identity:
        namespace, *_ = key
        return await self._flights.join(key, lambda: self._read_all(key), namespace)

    async def _read_or(self, stale: Identity, key: Key) -> Identity:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._read_once(key)
        except (TimeoutError, UnreachableError, OverloadedError):
            return stale

    def _read_early(self, key: Key) -> None:
        task = asyncio.create_task(self._read_once(key))
        self._early.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Identity]) -> None:
        self._early.discard(task)
        # The identity that is kept serves on; who finds it too old reads, and hears of failures.
        with suppress(asyncio.CancelledError, SlimgateError):
            task.result()

    async def _read_all(self, key: Key) -> Identity:
        started = self._clock()
        identity = await self._load(key)
        self._kept.put(key, _Kept(identity, started))
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
        for name in names:
            secret = await self._read(SECRETS, namespace, name)
            if secret is not None:
                found = self._entries(secret, namespace, name)
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
