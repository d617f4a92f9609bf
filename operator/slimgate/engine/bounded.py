"""A dictionary that forgets what was not used for longest.

Not cachetools' LRUCache, which neither says what it has forgotten nor lists what it holds in that
order; both are needed here.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """Holds at most `limit` entries."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return the value, which counts as used now."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> V | None:
        """Keep a value, and return the one that is forgotten for it, if any."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        return self._entries.popitem(last=False)[1] if len(self._entries) > self._limit else None

    def drop(self, key: K) -> V | None:
        """Forget a value, and return it if it was there."""
        return self._entries.pop(key, None)

    def items(self) -> list[tuple[K, V]]:
        """List what is held, the longest unused first."""
        return list(self._entries.items())

    def __iter__(self) -> Iterator[K]:
        """Yield the keys of what is held by now, the longest unused first."""
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)
