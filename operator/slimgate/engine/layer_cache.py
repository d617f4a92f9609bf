"""Readings of layers, kept by registry and descriptor: a layer that images share is read once.

What one manifest says of a layer counts for no other: a reading rests on the type, the size and
the addresses that the layer was looked for with.
"""

from collections.abc import Callable, Coroutine, Hashable

from slimgate.core.images.facts import Digest
from slimgate.core.images.oci import Descriptor
from slimgate.engine.bounded import Bounded
from slimgate.engine.flights import Flights
from slimgate.engine.ports import LayerReading

Place = tuple[str, Digest]
"""A registry and a digest in it: what one registry says of a digest counts for no other."""


def layer_key(registry: str, layer: Descriptor) -> Hashable:
    """Name all that a reading of a layer rests on."""
    return (
        registry, layer.digest, layer.media_type, layer.size, layer.elsewhere,
        layer.has_many_members,
    )  # fmt: skip


class LayerCache:
    """Keeps sizes of up to `max_entries` layers, and `max_paths` paths of those last used."""

    def __init__(self, max_paths: int, max_entries: int) -> None:
        self._max_paths = max_paths
        self._readings: Bounded[Hashable, LayerReading] = Bounded(max_entries)
        self._flights: Flights[Hashable, LayerReading] = Flights()
        self._paths = 0

    async def get(
        self, key: Hashable, look: Callable[[], Coroutine[None, None, LayerReading]]
    ) -> LayerReading:
        """Return what is kept, else look; failures are not kept."""
        kept = self._readings.get(key)
        if kept is not None:
            return kept
        return await self._flights.join(key, lambda: self._look(key, look))

    async def close(self) -> None:
        """End what is under way."""
        await self._flights.close()

    async def _look(
        self, key: Hashable, look: Callable[[], Coroutine[None, None, LayerReading]]
    ) -> LayerReading:
        reading = await look()
        # Before the flight ends, so that a task which asks in between does not read it again.
        self._keep(key, reading)
        return reading

    def _keep(self, key: Hashable, reading: LayerReading) -> None:
        if self._readings.get(key) is not None:
            return
        self._paths += _count(reading) - _count(self._readings.put(key, reading))
        if self._paths <= self._max_paths:
            return
        for old, kept in self._readings.items():
            if self._paths <= self._max_paths or old == key:
                break
            if kept.contents is not None:
                # Forgotten whole: an image must not prove less because another came before it.
                self._paths -= _count(self._readings.drop(old))


def _count(reading: LayerReading | None) -> int:
    return len(reading.contents.paths) if reading is not None and reading.contents else 0
