"""Keeps facts as ImageProfiles as long as a workload or a node uses the image."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

from slimgate.controller.ports import ProfileStore
from slimgate.core.errors import ClusterError
from slimgate.core.image import Digest, ImageFacts

_LOG: Final = logging.getLogger(__name__)
_PERIOD: Final = 15.0
_GRACE: Final = 600.0
"""Seconds that unused facts stay: a rollout that is undone finds them again."""


class Profiles:
    """Compares what is used with what is kept."""

    def __init__(
        self,
        *,
        store: ProfileStore,
        used: Callable[[], Iterable[Digest]],
        facts: Callable[[Digest], ImageFacts | None],
        grace: float = _GRACE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._used = used
        self._facts = facts
        self._grace = grace
        self._clock = clock
        self._unused_since: dict[Digest, float] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self.reconcile()
            except ClusterError as error:
                _LOG.warning("image profiles could not be written: %s", error)
            await asyncio.sleep(_PERIOD)

    async def reconcile(self) -> None:
        """Keep what is used and new, drop what has not been used for long."""
        used, kept = frozenset(self._used()), self._store.digests()
        for digest in used:
            facts = self._facts(digest)
            if facts is not None:
                await self._store.put(facts)
        now = self._clock()
        for digest in kept - used:
            since = self._unused_since.setdefault(digest, now)
            if now - since >= self._grace:
                await self._store.drop(digest)
                self._unused_since.pop(digest)
        for digest in used & self._unused_since.keys():
            del self._unused_since[digest]
