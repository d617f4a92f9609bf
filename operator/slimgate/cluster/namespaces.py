"""Labels of a namespace that its mirror has not heard of yet: the first Deployment in a new one.

What was read serves for a moment only, since by then the mirror knows better. Whoever may name
namespaces that are not there has the API server asked by a few requests at a time.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.resources import NAMESPACES
from slimgate.core.errors import ClusterError
from slimgate.core.json_object import labels_of, mapping_at
from slimgate.engine.bounded import Bounded
from slimgate.engine.flights import Flights

_SECONDS: Final = 5.0
_AT_ONCE: Final = 4
_MAX_WAITING: Final = 64
_MAX_KEPT: Final = 256


class Namespaces:
    """An engine.ports.NamespaceReader; it needs the right to get namespaces."""

    def __init__(self, api: ClusterApi, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._kept: Bounded[str, tuple[float, Mapping[str, str]]] = Bounded(_MAX_KEPT)
        self._flights: Flights[str, Mapping[str, str]] = Flights()
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def labels(self, namespace: str) -> Mapping[str, str]:
        """Read its labels, once for all who ask at the same time; ClusterError if there is none."""
        kept = self._kept.get(namespace)
        if kept is not None and self._clock() - kept[0] < _SECONDS:
            return kept[1]
        if namespace not in self._flights and len(self._flights) >= _MAX_WAITING:
            raise ClusterError("too many namespaces are being read")
        return await self._flights.join(namespace, lambda: self._read(namespace))

    async def aclose(self) -> None:
        """End what is still being read."""
        await self._flights.close()

    async def _read(self, namespace: str) -> Mapping[str, str]:
        async with self._places:
            found = await self._api.get(NAMESPACES.one("", namespace))
        labels = labels_of(mapping_at(found, "metadata"))
        self._kept.put(namespace, (self._clock(), labels))
        return labels
