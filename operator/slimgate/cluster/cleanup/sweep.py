"""Does something to all objects of a kind: page by page, some at a time, in spite of failures."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.cleanup.tally import Tally
from slimgate.cluster.errors import ConflictError, GoneError, MissingError
from slimgate.core.errors import ClusterError
from slimgate.core.workload import JsonObject

AT_ONCE: Final = 8
_NO_QUERY: Final[Mapping[str, str]] = {}

Act = Callable[[JsonObject], Awaitable[bool]]
"""Works on one object's metadata; False if there was nothing to do."""


class Sweeper:
    """Sweeps one cluster."""

    def __init__(self, api: ClusterApi, tally: Tally) -> None:
        self._api = api
        self._tally = tally

    async def sweep(
        self, what: str, path: str, act: Act, query: Mapping[str, str] = _NO_QUERY
    ) -> int:
        """Return how many there was something to do for; what can't be listed is a failure."""
        done = 0
        try:
            async with aclosing(self._api.pages(path, query, metadata_only=True)) as pages:
                async for page in pages:
                    turns = asyncio.Semaphore(AT_ONCE)
                    acts = (self._one(what, act, obj, turns) for obj in page.items)
                    done += sum(await asyncio.gather(*acts))
        except MissingError:
            pass  # a kind that is not served has no objects
        except GoneError:
            # So many that pages were not kept for as long as it took: the next pass has the rest.
            done = max(done, 1)
        except ClusterError as error:
            self._tally.failed(what, error)
        self._tally.counted(what, done)
        return done

    async def _one(self, what: str, act: Act, obj: JsonObject, turns: asyncio.Semaphore) -> bool:
        async with turns:
            try:
                return await act(obj)
            except (MissingError, ConflictError):
                return False  # what is gone or another one by now has nothing of ours
            except ClusterError as error:
                self._tally.failed(what, error)
                return False
