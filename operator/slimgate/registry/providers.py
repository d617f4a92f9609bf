"""Runs the kubelet's credential providers, and keeps what they answer for as long as they say."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from slimgate.core.credentials.identity import Credential, CredentialEntry, Identity
from slimgate.core.credentials.keychain import Keychain
from slimgate.core.credentials.providers import (
    CacheKeyType,
    Provided,
    Provider,
    ProviderError,
    parse_response,
    request_of,
)
from slimgate.core.images.reference import Reference
from slimgate.core.text import printable
from slimgate.engine.bounded import Bounded
from slimgate.engine.flights import Flights
from slimgate.engine.threads import Threads
from slimgate.process.programs import Bounds, ProgramError, run_program

_LOG: Final = logging.getLogger(__name__)
_SECONDS: Final = 60.0
"""As the kubelet's own limit."""
_MAX_OUTPUT: Final = 2**20
_MAX_KEPT: Final = 4_096
_AT_ONCE: Final = 2
"""Runs of each: one that hangs keeps nobody from the others."""
_AFTER_FAILURE: Final = 10.0
"""A provider that fails is not run for each image of a large Deployment."""
Key = tuple[str, str]


class Providers:
    """Finds node-wide logins for images; there are none where a provider fails, and a log line."""

    def __init__(
        self,
        providers: Sequence[Provider] = (),
        folder: Path = Path(),
        *,
        seconds: float = _SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._providers = providers
        self._folder = folder
        self._seconds = seconds
        self._clock = clock
        self._kept: Bounded[Key, tuple[Provided, float]] = Bounded(_MAX_KEPT)
        self._flights: Flights[Key, Provided] = Flights()
        self._rooms = {one.name: asyncio.Semaphore(_AT_ONCE) for one in providers}
        self._threads = Threads("providers", _AT_ONCE * max(1, len(providers)))

    async def credentials(self, reference: Reference) -> list[Credential]:
        """List what to try for an image after pull secrets, as the kubelet does."""
        entries: list[CredentialEntry] = []
        for provider in self._providers:
            if provider.serves(reference):
                entries += (await self._of(provider, reference)).entries
        found = Keychain(Identity(tuple(entries))).candidates(reference) if entries else ()
        return [one for one in found if one is not None]

    async def close(self) -> None:
        """End what is running."""
        await self._flights.close()
        self._threads.close()

    async def _of(self, provider: Provider, reference: Reference) -> Provided:
        for kind in CacheKeyType:
            kept = self._kept.get(_key(provider, kind, reference))
            if kept is not None and self._clock() < kept[1]:
                return kept[0]
        key = provider.name, reference.name
        return await self._flights.join(key, lambda: self._ask(provider, reference))

    async def _ask(self, provider: Provider, reference: Reference) -> Provided:
        try:
            async with self._rooms[provider.name]:
                body = await self._run(provider, request_of(reference))
            found = parse_response(body, provider)
        except (ProviderError, OSError, ValueError) as err:
            why = str(err) if isinstance(err, ProviderError) else _fault(err)
            name = printable(provider.name, 64)
            _LOG.warning("the credential provider %s gave no login: %s", name, why)
            found = Provided((), CacheKeyType.IMAGE, _AFTER_FAILURE)
        until = self._clock() + found.seconds
        self._kept.put(_key(provider, found.cache, reference), (found, until))
        return found

    async def _run(self, provider: Provider, request: bytes) -> bytes:
        ended = threading.Event()
        run = partial(
            run_program,
            [str(self._folder / provider.name), *provider.args],
            request,
            Bounds(seconds=self._seconds, answer_bytes=_MAX_OUTPUT),
            env={**os.environ, **dict(provider.env)},
            own_session=True,
            is_unwanted=ended.is_set,
        )
        try:
            status, body = await self._threads.run(run)
        except ProgramError as err:
            raise ProviderError(str(err)) from err
        finally:
            ended.set()
        if status:
            raise ProviderError(f"it ended with status {status}")
        return body


def _fault(err: Exception) -> str:
    return (isinstance(err, OSError) and err.strerror) or "it can't be run"


def _key(provider: Provider, kind: CacheKeyType, reference: Reference) -> Key:
    return provider.name, f"{kind.value}:{kind.key(reference)}"
