"""Keeps in a Secret what a restart should remember, so that it asks no registry.

The controller writes it, both roles read it. It is a Secret because whoever may read it can test
guesses of a reference and its credentials against it.
"""

import asyncio
import base64
import gzip
import logging
import time
import zlib
from typing import Final, Protocol

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.own_deployment import OwnDeployment
from slimgate.cluster.resources import OWN_LABELS, SECRETS
from slimgate.core.errors import ClusterError, InvalidFactsError, MissingError
from slimgate.core.images.memory import Memory, from_json, to_json
from slimgate.core.json_object import mapping_at, text_at
from slimgate.settings import Settings

_LOG: Final = logging.getLogger(__name__)
_KEY: Final = "memory.json.gz"
_PERIOD: Final = 20.0
_MAX_BYTES: Final = 8 * 2**20
_MAX_PACKED: Final = 750_000
"""A Secret may hold 1 MiB, which as base64 would be a larger body than is sent without stalls.

https://kubernetes.io/docs/concepts/configuration/secret/#restriction-data-size
"""
_DAMAGED: Final = "the saved state of the previous run is damaged"
_SHRINK: Final = 0.9
_LEAST: Final = 1e-4


class Mind(Protocol):
    """Remembers answers of registries; engine.inspector.Inspector does."""

    def memory(self) -> Memory:
        """Give what a restart should remember."""

    def restore(self, memory: Memory) -> None:
        """Take over what an earlier run remembered."""


class MemoryKeeper:
    """Restores a memory, and saves it every so often where that is asked for."""

    def __init__(
        self, api: ClusterApi, mind: Mind, settings: Settings, owner: OwnDeployment
    ) -> None:
        self._api = api
        self._mind = mind
        self._owner = owner
        self._namespace = settings.namespace
        self._name = settings.memory_secret
        self._saved: Memory | None = None
        self._aging = max(_PERIOD, settings.tag_seconds / 2)
        self._saved_at = 0.0

    async def restore(self) -> None:
        """Take over what an earlier run saved; without it the registries are asked again."""
        try:
            secret = await self._api.get(self._path)
            memory = unpack(base64.b64decode(text_at(mapping_at(secret, "data"), _KEY)))
        except MissingError:
            return
        except (ClusterError, InvalidFactsError, ValueError) as error:
            _LOG.warning("starting without the saved state of the previous run: %s", error)
            return
        self._mind.restore(memory)

    async def run(self) -> None:
        """Save what has changed, until cancelled."""
        while True:
            await asyncio.sleep(_PERIOD)
            await self.save()

    async def save(self, *, last: bool = False) -> None:
        """Save what has changed; how old answers are only now and then, and the `last` time."""
        memory, now = self._mind.memory(), time.monotonic()
        # Answers that were given anew are no younger for the next start until that is saved.
        saved = self._saved
        if saved is not None and memory.holds_the_same(saved):
            is_soon = not last and now - self._saved_at < self._aging
            if is_soon or not memory.is_younger(saved):
                return
        # Some tenths of a second for a large memory, in which others get their turn.
        packed = await asyncio.to_thread(pack, memory)
        try:
            await self._api.apply(self._path, await self._secret(packed))
        except ClusterError as error:
            _LOG.warning("the state for the next start could not be saved: %s", error)
            return
        self._saved, self._saved_at = memory, now

    @property
    def _path(self) -> str:
        return SECRETS.one(self._namespace, self._name)

    async def _secret(self, packed: bytes) -> dict[str, object]:
        return {
            "apiVersion": SECRETS.api_version,
            "kind": SECRETS.kind,
            "metadata": {
                "name": self._name,
                "namespace": self._namespace,
                "labels": OWN_LABELS,
                "ownerReferences": await self._owner.references(),
            },
            "data": {_KEY: base64.b64encode(packed).decode()},
        }


def pack(memory: Memory, limit: int = _MAX_PACKED) -> bytes:
    """Compress as much of a memory, the newest of it, as has room in a Secret."""
    share = 1.0
    while True:
        body = to_json(memory, share)
        packed = gzip.compress(body, mtime=0)
        fill = max(len(packed) / limit, len(body) / _MAX_BYTES)
        if fill <= 1 or share == 0:
            return packed
        share = 0.0 if share < _LEAST else share * min(_SHRINK, 1 / fill)


def unpack(packed: bytes) -> Memory:
    """Read what `pack` wrote; InvalidFactsError if it is anything else."""
    try:
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        body = unpacker.decompress(packed, _MAX_BYTES)
    except zlib.error as error:
        raise InvalidFactsError(_DAMAGED) from error
    if not unpacker.eof:
        raise InvalidFactsError(_DAMAGED)
    return from_json(body)
