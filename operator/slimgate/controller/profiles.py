"""Keeps facts as ImageProfiles as long as a workload or a node uses the image."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Final

from slimgate.controller.ports import ProfileStore
from slimgate.core.errors import ClusterError
from slimgate.core.images.facts import Digest, ImageFacts
from slimgate.core.images.profile import recognisable

_LOG: Final = logging.getLogger(__name__)
_PERIOD: Final = 15.0
_GRACE: Final = 600.0
"""Seconds that unused facts stay: a rollout that is undone finds them again."""


Names = Mapping[Digest, Collection[str]]
"""The references that manifests are used by."""


class Profiles:
    """Compares what is used with what is kept."""

    def __init__(
        self,
        *,
        store: ProfileStore,
        used: Sequence[Callable[[], Names]],
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
            await self.reconcile()
            await asyncio.sleep(_PERIOD)

    async def reconcile(self) -> None:
        """Keep what is used and new, drop what has not been used for long."""
        used, kept, now = self._names(), self._store.digests(), self._clock()
        for digest, references in used.items():
            facts = self._facts(digest)
            if facts is not None:
                await self._try(self._store.put(facts, recognisable(references)))
        unused = kept - used.keys()
        self._unused_since = {digest: self._unused_since.get(digest, now) for digest in unused}
        for digest, since in self._unused_since.items():
            if now - since >= self._grace:
                await self._try(self._store.drop(digest))

    def _names(self) -> Mapping[Digest, set[str]]:
        names: dict[Digest, set[str]] = {}
        for source in self._used:
            for digest, references in source().items():
                names.setdefault(digest, set()).update(references)
        return names

    async def _try(self, write: Coroutine[None, None, object]) -> None:
        """Write one profile; one that is not taken does not keep the others back."""
        try:
            await write
        except ClusterError as error:
            _LOG.warning("an ImageProfile could not be written: %s", error)
