"""Keeps Python's garbage collector from going through what lives long, again and again.

A full collection holds the whole process, threads and event loop alike: 0.4 s where the facts of
10,000 images are in memory, and Python has one each time that a quarter more is.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_OLDEST: Final = 2
_SECONDS: Final = 3600.0
_GROWN: Final = 1.25


class SetAside:
    """Sets aside what a full collection has left, so that the next is of what came since.

    What is set aside goes when nothing refers to it, as most things do. What only refers to itself
    stays, so all is collected again where more is set aside by a quarter, once an hour at most.
    """

    def __init__(
        self, seconds: float = _SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._due = clock() + seconds
        self._kept = 0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        """Hear of a collection: https://docs.python.org/3/library/gc.html#gc.callbacks."""
        if info["generation"] != _OLDEST:
            return
        if phase == "stop":
            gc.freeze()
            self._kept = self._kept or gc.get_freeze_count()
        elif self._clock() >= self._due:
            self._due = self._clock() + self._seconds
            if gc.get_freeze_count() > self._kept * _GROWN:
                self._kept = 0
                gc.unfreeze()


@contextmanager
def short_collections() -> Iterator[None]:
    """Have collections be short as long as this goes on."""
    set_aside = SetAside()
    gc.callbacks.append(set_aside)
    try:
        yield
    finally:
        gc.callbacks.remove(set_aside)
        gc.unfreeze()
