"""Keeps the bases of BaseImages looked up: their tags move, and registries come back."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from slimgate.engine.bases import Bases
from slimgate.engine.catalog import Catalog, Change

_PATIENCE: Final = 3.0
"""Seconds that the start waits for them."""


class BaseKeeper:
    """Looks bases up every `tag_seconds`, every `failure_seconds` while some are missing."""

    def __init__(
        self, bases: Bases, catalog: Catalog, *, tag_seconds: float, failure_seconds: float
    ) -> None:
        self._bases = bases
        self._catalog = catalog
        self._tag_seconds = tag_seconds
        self._failure_seconds = failure_seconds
        self._stale = asyncio.Event()
        self.settled = asyncio.Event()
        """Set once all have been looked up, or have been waited for long enough."""
        catalog.listen(self._heard)

    async def run(self, on_news: Callable[[], None] = lambda: None) -> None:
        """Work until cancelled; `on_news` hears when something else is known than before."""
        bases, catalog, told = self._bases, self._catalog, 0
        while True:
            self._stale.clear()
            refresh = asyncio.ensure_future(bases.refresh(catalog.base_images, catalog.platforms))
            # One registry that hangs must not keep the role from answering about the others.
            await asyncio.wait([refresh], timeout=_PATIENCE)
            self.settled.set()
            await refresh
            if bases.news != told:
                # A judge may have been first to look a new one up.
                told = bases.news
                on_news()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._stale.wait()

    @property
    def unresolved(self) -> int:
        """How many references of BaseImages are not known, for at least one platform."""
        return len(self._bases.missing(self._catalog.base_images, self._catalog.platforms))

    def _pause(self) -> float:
        return self._failure_seconds if self.unresolved else self._tag_seconds

    def _heard(self, change: Change, namespace: str) -> None:
        del namespace  # of both it is empty
        if change in {Change.BASE_IMAGES, Change.PLATFORMS}:
            self._stale.set()
