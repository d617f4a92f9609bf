"""Looks now and then at what nodes have pulled, as their kubelets say in events."""

import asyncio
import logging
from collections.abc import AsyncIterator, Container
from typing import Final, Protocol

from slimgate.core.errors import ClusterError
from slimgate.core.json_object import JsonObject
from slimgate.core.nodes.pulls import PullSums, PullTable, pull_of

_LOG: Final = logging.getLogger(__name__)
_SECONDS: Final = 600.0
"""Between two looks: events are kept an hour, and reading them costs the API server all of them."""


class PulledLister(Protocol):
    """Lists events; ClusterError if it can't."""

    def pulled(self) -> AsyncIterator[JsonObject]:
        """Yield those about pulls."""


class PullSurvey:
    """Keeps what was pulled, as of the last look; nothing where that failed."""

    def __init__(self, lister: PulledLister, seconds: float = _SECONDS) -> None:
        self._lister = lister
        self._seconds = seconds
        self.sums: PullSums | None = None

    async def run(self) -> None:
        """Look, and look again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._seconds)

    async def look(self) -> None:
        """Look once."""
        try:
            table = await read_pulls(self._lister.pulled())
        except ClusterError as error:
            _LOG.warning("what nodes pulled is not known: %s", error)
            self.sums = None
            return
        self.sums = table.sums()


async def read_pulls(
    events: AsyncIterator[JsonObject], nodes: Container[str] | None = None
) -> PullTable:
    """Add up what events tell, of these nodes only where some are named."""
    table = PullTable()
    async for event in events:
        pull = pull_of(event)
        if pull is not None and (nodes is None or pull.node in nodes):
            table.add(pull)
    return table
