"""Keeps in a Secret what a restart should remember, so that it asks no registry.

The controller writes it, both roles read it. It is a Secret because whoever may read it can test
guesses of a reference and its credentials against it.
"""

import asyncio
import base64
import gzip
import logging
import zlib
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ForbiddenError, MissingError
from slimgate.cluster.resources import SECRETS
from slimgate.core.errors import ClusterError, InvalidFactsError
from slimgate.core.memory import Memory, from_json, to_json
from slimgate.core.workload import mapping_at, text_at
from slimgate.engine.inspector import Inspector
from slimgate.settings import Settings

_LOG: Final = logging.getLogger(__name__)
_KEY: Final = "memory.json.gz"
_PERIOD: Final = 20.0
_MAX_BYTES: Final = 8 * 2**20


class MemoryKeeper:
    """Restores an inspector's memory, and saves it every so often where that is asked for."""

    def __init__(self, api: ClusterApi, inspector: Inspector, settings: Settings) -> None:
        self._api = api
        self._inspector = inspector
        self._namespace = settings.namespace
        self._name = settings.memory_secret
        self._saved = b""

    async def restore(self) -> None:
        """Take over what an earlier run saved; without it the registries are asked again."""
        try:
            secret = await self._api.get(SECRETS.one(self._namespace, self._name))
            memory = _unpack(text_at(mapping_at(secret, "data"), _KEY))
        except MissingError:
            return
        except (ForbiddenError, InvalidFactsError) as error:
            _LOG.warning("starting without the saved state of the previous run: %s", error)
            return
        self._inspector.restore(memory)

    async def run(self) -> None:
        """Save what has changed, until cancelled."""
        while True:
            await asyncio.sleep(_PERIOD)
            await self.save()

    async def save(self) -> None:
        """Save what has changed."""
        body = to_json(self._inspector.memory())
        if body == self._saved:
            return
        packed = base64.b64encode(gzip.compress(body, mtime=0)).decode()
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": self._name, "namespace": self._namespace},
            "data": {_KEY: packed},
        }
        try:
            await self._api.apply(SECRETS.one(self._namespace, self._name), secret)
        except ClusterError as error:
            _LOG.warning("the state for the next start could not be saved: %s", error)
            return
        self._saved = body


def _unpack(text: str) -> Memory:
    try:
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        body = unpacker.decompress(base64.b64decode(text), _MAX_BYTES)
    except (ValueError, zlib.error) as error:
        raise InvalidFactsError("the saved state of the previous run is damaged") from error
    return from_json(body)
