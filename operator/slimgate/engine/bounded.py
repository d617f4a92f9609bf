"""A dictionary that forgets what was not used for longest.

Not cachetools' LRUCache, which neither says what it has forgotten nor lists what it holds in that
order; both are needed here.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """Holds at most `limit` entries, which weigh `heaviest` together at most, by `weigh`."""

    def __init__(
        self, limit: int, weigh: Callable[[V], int] | None = None, heaviest: int = 0
    ) -> None:
        self._limit = limit
        self._weigh = weigh
        self._heaviest = heaviest
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._weights: dict[K, int] = {}
        self.weight = 0
        """What all entries weigh."""

    def get(self, key: K) -> V | None:
        """Return the value, which counts as used now."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> V | None:
        """Keep a value, and return the one that is forgotten for it, if any.

        Where entries are weighed several may go, and one that is too heavy by itself is not kept.
        """
        self._entries[key] = value
        self._entries.move_to_end(key)
        if self._weigh is not None:
            weight = self._weigh(value)
            self.weight += weight - self._weights.get(key, 0)
            self._weights[key] = weight
            while self.weight > self._heaviest:
                self._forget()
        return self._forget() if len(self._entries) > self._limit else None

    def drop(self, key: K) -> V | None:
        """Forget a value, and return it if it was there."""
        self.weight -= self._weights.pop(key, 0)
        return self._entries.pop(key, None)

    def _forget(self) -> V:
        key, value = self._entries.popitem(last=False)
        self.weight -= self._weights.pop(key, 0)
        return value

    def items(self) -> list[tuple[K, V]]:
        """List what is held, the longest unused first."""
        return list(self._entries.items())

    def __iter__(self) -> Iterator[K]:
        """Yield the keys of what is held by now, the longest unused first."""
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)
