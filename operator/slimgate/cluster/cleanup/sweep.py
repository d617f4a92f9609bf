"""Does something to all objects of a kind: page by page, some at a time, in spite of failures."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.cleanup.tally import CleanupTally
from slimgate.cluster.errors import GoneError
from slimgate.core.errors import ClusterError, MissingError
from slimgate.core.json_object import JsonObject, mapping_at, text_at

AT_ONCE: Final = 8
_LISTINGS: Final = 20
"""Of one kind. Each goes on for minutes before its pages are gone; a guess."""
_NO_QUERY: Final[Mapping[str, str]] = {}

Act = Callable[[JsonObject], Awaitable[bool]]
"""Works on one object's metadata; False if there was nothing to do."""


class ObjectSweep:
    """Goes over the objects of one cluster; `tally` counts what was done."""

    def __init__(self, api: ClusterApi, tally: CleanupTally) -> None:
        self._api = api
        self._tally = tally

    async def sweep(
        self, what: str, path: str, act: Act, query: Mapping[str, str] = _NO_QUERY
    ) -> int:
        """Return how many there was something to do for; what can't be listed is a failure."""
        done = 0
        try:
            async with aclosing(self._pages(path, query)) as pages:
                async for objects in pages:
                    turns = asyncio.Semaphore(AT_ONCE)
                    acts = (self._one(what, act, obj, turns) for obj in objects)
                    done += sum(await asyncio.gather(*acts))
        except MissingError:
            pass  # a kind that is not served has no objects
        except ClusterError as error:
            self._tally.failed(what, error)
        self._tally.counted(what, done)
        return done

    async def _pages(
        self, path: str, query: Mapping[str, str]
    ) -> AsyncGenerator[Sequence[JsonObject], None]:
        """Yield each object once, be it in several listings; GoneError if those do not do.

        Of a listing of very many, pages are not kept for as long as it takes to work on them.
        """
        seen: set[str] = set()
        for left in range(_LISTINGS, 0, -1):
            try:
                async with aclosing(self._api.pages(path, query, metadata_only=True)) as pages:
                    async for page in pages:
                        found = {_uid(obj): obj for obj in page.items}
                        fresh = [obj for uid, obj in found.items() if uid not in seen]
                        seen.update(found)
                        yield fresh
            except GoneError:
                if left == 1:
                    raise
            else:
                return

    async def _one(self, what: str, act: Act, obj: JsonObject, turns: asyncio.Semaphore) -> bool:
        async with turns:
            try:
                return await act(obj)
            except MissingError:
                return False  # what is gone by now has nothing of ours
            except ClusterError as error:
                self._tally.failed(what, error)
                return False


def _uid(obj: JsonObject) -> str:
    return text_at(mapping_at(obj, "metadata"), "uid")
