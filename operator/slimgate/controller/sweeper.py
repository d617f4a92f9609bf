"""Forgets workloads whose deletion kopf has not seen (ADR 9)."""

import asyncio
import logging
from collections import Counter
from typing import Final

from slimgate.controller.ledger import Ledger
from slimgate.controller.ports import Census
from slimgate.controller.reconciler import Reconciler
from slimgate.core.errors import ClusterError
from slimgate.core.workloads.kinds import Kind

_LOG: Final = logging.getLogger(__name__)
_SETTLE_SECONDS: Final = 1.0
"""For what is under way still; an API server that is back has enough to do, too."""
_MAX_DOUBLINGS: Final = 5


class Sweeper:
    """Lists a kind once more after kopf has listed it anew, and drops what is gone."""

    def __init__(
        self,
        *,
        reconciler: Reconciler,
        ledger: Ledger,
        census: Census,
        seconds: float = _SETTLE_SECONDS,
    ) -> None:
        self._reconciler = reconciler
        self._ledger = ledger
        self._census = census
        self._seconds = seconds
        self._due: dict[Kind, None] = {}
        self._heard = asyncio.Event()

    def listed(self, kind: Kind) -> None:
        """Hear that kopf has begun to list a kind; the first time nothing is known of it."""
        if self._ledger.uids(kind):
            self._due[kind] = None
            self._heard.set()

    async def run(self) -> None:
        """Work until cancelled."""
        failures = 0
        while True:
            await self._heard.wait()
            self._heard.clear()
            await asyncio.sleep(self._seconds * 2.0 ** min(failures, _MAX_DOUBLINGS))
            try:
                await self.sweep()
            except ClusterError as error:
                level = logging.DEBUG if failures else logging.WARNING
                _LOG.log(level, "can't check yet which workloads are gone: %s", error)
                failures += 1
                self._heard.set()
            else:
                failures = 0

    async def sweep(self) -> None:
        """Forget what is gone; ClusterError if a kind can't be listed, which is due still."""
        gone: Counter[Kind] = Counter()
        try:
            while self._due:
                kind = next(iter(self._due))
                gone[kind] += await self._sweep(kind)
        finally:
            if gone.total():
                counts = ", ".join(f"{kind.kind} {count}" for kind, count in gone.items() if count)
                _LOG.info("forgot workloads that were deleted while nobody watched: %s", counts)

    async def _sweep(self, kind: Kind) -> int:
        """Drop what was known before this listing began and is not in it; return how many.

        A uid never comes again, so what one listing lacks is gone for good, whatever has been
        made under its name since.
        """
        # What is heard from here on is of a listing that may be younger than this one.
        del self._due[kind]
        known = self._ledger.uids(kind)
        missing = set(known.values())
        try:
            async for some in self._census.uids(kind):
                missing -= some
        except ClusterError:
            self._due[kind] = None
            raise
        return sum(self._reconciler.drop(key, uid) for key, uid in known.items() if uid in missing)
