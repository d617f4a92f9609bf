"""Keeps facts as ImageProfiles as long as a workload or a node uses the image."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from slimgate.controller.ports import ProfileStore
from slimgate.core.errors import ClusterError
from slimgate.core.images.facts import Digest, ImageFacts
from slimgate.core.images.profile import recognisable
from slimgate.process.loop import Breath

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
        self._seen: dict[Digest, tuple[ImageFacts, frozenset[str]]] = {}
        """What the profiles that are kept were made of."""

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self.reconcile()
            await asyncio.sleep(_PERIOD)

    async def reconcile(self) -> None:
        """Keep what is used and new, drop what has not been used for long."""
        used, breath = self._names(), Breath()
        for digest, references in used.items():
            await breath.take()
            facts = self._facts(digest)
            if facts is not None:
                await self._keep(digest, facts, references)
        kept, now = self._store.digests(), self._clock()
        unused = kept - used.keys()
        self._seen = {one: seen for one, seen in self._seen.items() if one in used}
        self._unused_since = {digest: self._unused_since.get(digest, now) for digest in unused}
        for digest, since in self._unused_since.items():
            if now - since >= self._grace:
                await self._try(self._store.drop(digest))

    async def _keep(self, digest: Digest, facts: ImageFacts, references: AbstractSet[str]) -> None:
        """Make a profile of what has changed; facts that are the same are the same object."""
        seen = self._seen.get(digest)
        known = seen is not None and seen[0] is facts and seen[1] == references
        if known and self._store.keeps(digest):
            return
        if await self._try(self._store.put(facts, recognisable(references))):
            self._seen[digest] = facts, frozenset(references)

    def _names(self) -> Mapping[Digest, set[str]]:
        names: dict[Digest, set[str]] = {}
        for source in self._used:
            for digest, references in source().items():
                names.setdefault(digest, set()).update(references)
        return names

    async def _try(self, write: Coroutine[None, None, object]) -> bool:
        """Write one profile; one that is not taken does not keep the others back."""
        try:
            await write
        except ClusterError as error:
            _LOG.warning("an ImageProfile could not be written: %s", error)
            return False
        return True
