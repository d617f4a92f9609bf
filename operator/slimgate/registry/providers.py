"""Runs the kubelet's credential providers, and keeps what they answer for as long as they say."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
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

_LOG: Final = logging.getLogger(__name__)
_SECONDS: Final = 60.0
"""As the kubelet's own limit."""
_MAX_OUTPUT: Final = 2**20
_MAX_KEPT: Final = 4_096
_AT_ONCE: Final = 4
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
        self._room = asyncio.Semaphore(_AT_ONCE)

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

    async def _of(self, provider: Provider, reference: Reference) -> Provided:
        for kind in CacheKeyType:
            kept = self._kept.get(_key(provider, kind, reference))
            if kept is not None and self._clock() < kept[1]:
                return kept[0]
        key = provider.name, reference.name
        return await self._flights.join(key, lambda: self._ask(provider, reference))

    async def _ask(self, provider: Provider, reference: Reference) -> Provided:
        try:
            async with self._room:
                body = await self._run(provider, request_of(reference))
            found = parse_response(body, provider)
        except (ProviderError, OSError) as err:
            why = (err.strerror or "it can't be run") if isinstance(err, OSError) else str(err)
            name = printable(provider.name, 64)
            _LOG.warning("the credential provider %s gave no login: %s", name, why)
            found = Provided((), CacheKeyType.IMAGE, _AFTER_FAILURE)
        until = self._clock() + found.seconds
        self._kept.put(_key(provider, found.cache, reference), (found, until))
        return found

    async def _run(self, provider: Provider, request: bytes) -> bytes:
        process = await asyncio.create_subprocess_exec(
            str(self._folder / provider.name),
            *provider.args,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, **dict(provider.env)},
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._seconds):
                body = await _talk(process, request)
                status = await process.wait()
        except TimeoutError as err:
            raise ProviderError(f"it took longer than {self._seconds:g} s") from err
        finally:
            # What it started goes with it, also where its caller was cancelled.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        if status:
            raise ProviderError(f"it ended with status {status}")
        return body


async def _talk(process: asyncio.subprocess.Process, request: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(ConnectionError):  # one that knows its answer need not read the question
        process.stdin.write(request)
        await process.stdin.drain()
    process.stdin.close()
    body = b""
    while chunk := await process.stdout.read(65_536):
        body += chunk
        if len(body) > _MAX_OUTPUT:
            raise ProviderError(f"it answered with more than {_MAX_OUTPUT} bytes")
    return body


def _key(provider: Provider, kind: CacheKeyType, reference: Reference) -> Key:
    return provider.name, f"{kind.value}:{kind.key(reference)}"
