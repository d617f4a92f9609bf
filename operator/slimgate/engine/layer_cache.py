"""Readings of layers, kept by registry and descriptor: a layer that images share is read once.

What one manifest says of a layer counts for no other: a reading rests on the type, the size and
the addresses that the layer was looked for with.
"""

from collections.abc import Callable, Coroutine, Hashable
from typing import Final

from slimgate.core.images.facts import Digest
from slimgate.core.images.oci import Descriptor
from slimgate.engine.bounded import Bounded
from slimgate.engine.flights import MAX_FLIGHTS, Flights
from slimgate.engine.ports import LayerReading

_MAX_READING: Final = 8 * MAX_FLIGHTS
"""One image may have a thousand layers."""
_PATH: Final = 64
"""Bytes that a path takes besides its characters."""
Place = tuple[str, Digest]
"""A registry and a digest in it: what one registry says of a digest counts for no other."""


def layer_key(registry: str, layer: Descriptor) -> Hashable:
    """Name all that a reading of a layer rests on."""
    return (
        registry, layer.digest, layer.media_type, layer.size, layer.elsewhere,
        layer.has_many_members,
    )  # fmt: skip


class LayerCache:
    """Keeps sizes of `max_entries` layers, and `max_path_bytes` of paths of those last used."""

    def __init__(self, max_path_bytes: int, max_entries: int) -> None:
        self._max_path_bytes = max_path_bytes
        self._readings: Bounded[Hashable, LayerReading] = Bounded(max_entries)
        self._flights: Flights[Hashable, LayerReading] = Flights(_MAX_READING)
        self._path_bytes = 0

    async def get(
        self,
        key: Hashable,
        look: Callable[[], Coroutine[None, None, LayerReading]],
        asker: str = "",
        *,
        whole: bool = False,
    ) -> LayerReading:
        """Return what is kept, else look; failures are not kept.

        Who wants the layer read `whole` is not content with less; nobody else waits for that.
        """
        kept = self._readings.get(key)
        if kept is not None and (kept.unpacked.is_measured or not whole):
            return kept
        return await self._flights.join((key, whole), lambda: self._look(key, look), asker)

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
        kept = self._readings.get(key)
        if kept is not None and not reading.unpacked.is_better_than(kept.unpacked):
            return
        self._path_bytes += _count(reading) - _count(self._readings.put(key, reading))
        if self._path_bytes <= self._max_path_bytes:
            return
        for old, kept in self._readings.items():
            if self._path_bytes <= self._max_path_bytes or old == key:
                break
            if kept.contents is not None:
                # Forgotten whole: an image must not prove less because another came before it.
                self._path_bytes -= _count(self._readings.drop(old))


def _count(reading: LayerReading | None) -> int:
    if reading is None or reading.contents is None:
        return 0
    return sum(len(path) + _PATH for path in reading.contents.paths)
