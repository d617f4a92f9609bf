"""What looks at layers gave, kept by digest, so that a layer of many images is looked at once."""

from collections.abc import Callable, Coroutine

from slimgate.core.image import Digest
from slimgate.engine.bounded import Bounded
from slimgate.engine.flights import Flights
from slimgate.engine.ports import LayerReading


class LayerCache:
    """Keeps sizes of up to `max_entries` layers, and `max_paths` paths of those last used."""

    def __init__(self, max_paths: int, max_entries: int) -> None:
        self._max_paths = max_paths
        self._readings: Bounded[Digest, LayerReading] = Bounded(max_entries)
        self._flights: Flights[Digest, LayerReading] = Flights()
        self._paths = 0

    async def get(
        self, digest: Digest, look: Callable[[], Coroutine[None, None, LayerReading]]
    ) -> LayerReading:
        """Return what is kept, else look; failures are not kept."""
        kept = self._readings.get(digest)
        if kept is not None:
            return kept
        reading = await self._flights.join(digest, look)
        self._keep(digest, reading)
        return reading

    def _keep(self, digest: Digest, reading: LayerReading) -> None:
        if self._readings.get(digest) is not None:
            return
        self._readings.put(digest, reading)
        self._paths += _count(reading)
        for old, kept in self._readings.items():
            if self._paths <= self._max_paths or old == digest:
                break
            if kept.contents is not None:
                # Forgotten whole: an image must not prove less because another came before it.
                self._readings.drop(old)
                self._paths -= _count(kept)


def _count(reading: LayerReading) -> int:
    return len(reading.contents.paths) if reading.contents else 0
