"""Errors that are given from memory for a while, so that what failed is not asked again at once."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from slimgate.core.errors import ImageError, RateLimitedError
from slimgate.engine.bounded import Bounded

K = TypeVar("K", bound=Hashable)


class Failures(Generic[K]):
    """Keeps up to `limit` errors for some `seconds`, or for as long as the registry asked for."""

    def __init__(self, seconds: float, limit: int, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._kept: Bounded[K, tuple[ImageError, float]] = Bounded(limit)

    def check(self, key: K) -> None:
        """Raise the key's error if it is kept still."""
        if (kept := self.kept(key)) is not None:
            raise kept[0].bare()

    def kept(self, key: K) -> tuple[ImageError, float] | None:
        """Return the key's error if it is kept still, and until when."""
        kept = self._kept.get(key)
        if kept is not None and self._clock() >= kept[1]:
            self._kept.drop(key)
            return None
        return kept

    def put(self, key: K, error: ImageError) -> None:
        """Keep an error."""
        self._kept.put(key, (error.bare(), self._clock() + self.pause(error)))

    def pause(self, error: ImageError) -> float:
        """Say for how many seconds an error stands."""
        asked = error.retry_after if isinstance(error, RateLimitedError) else None
        return max(self._seconds, asked or 0.0)

    def drop(self, matches: Callable[[K], bool]) -> None:
        """Forget the errors of all keys that match."""
        for key in self._kept:
            if matches(key):
                self._kept.drop(key)
