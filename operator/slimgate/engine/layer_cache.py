"""Readings of layers, kept by registry and digest: a layer that images share is read once."""

from collections.abc import Callable, Coroutine

from slimgate.core.images.facts import Digest
from slimgate.engine.bounded import Bounded
from slimgate.engine.flights import Flights
from slimgate.engine.ports import LayerReading

Place = tuple[str, Digest]
"""A registry and a digest in it: what one registry says of a digest counts for no other."""


class LayerCache:
    """Keeps sizes of up to `max_entries` layers, and `max_paths` paths of those last used."""

    def __init__(self, max_paths: int, max_entries: int) -> None:
        self._max_paths = max_paths
        self._readings: Bounded[Place, LayerReading] = Bounded(max_entries)
        self._flights: Flights[Place, LayerReading] = Flights()
        self._paths = 0

    async def get(
        self, place: Place, look: Callable[[], Coroutine[None, None, LayerReading]]
    ) -> LayerReading:
        """Return what is kept, else look; failures are not kept."""
        kept = self._readings.get(place)
        if kept is not None:
            return kept
        return await self._flights.join(place, lambda: self._look(place, look))

    async def close(self) -> None:
        """End what is under way."""
        await self._flights.close()

    async def _look(
        self, place: Place, look: Callable[[], Coroutine[None, None, LayerReading]]
    ) -> LayerReading:
        reading = await look()
        # Before the flight ends, so that a task which asks in between does not read it again.
        self._keep(place, reading)
        return reading

    def _keep(self, place: Place, reading: LayerReading) -> None:
        if self._readings.get(place) is not None:
            return
        self._paths += _count(reading) - _count(self._readings.put(place, reading))
        if self._paths <= self._max_paths:
            return
        for old, kept in self._readings.items():
            if self._paths <= self._max_paths or old == place:
                break
            if kept.contents is not None:
                # Forgotten whole: an image must not prove less because another came before it.
                self._paths -= _count(self._readings.drop(old))


def _count(reading: LayerReading | None) -> int:
    return len(reading.contents.paths) if reading is not None and reading.contents else 0
