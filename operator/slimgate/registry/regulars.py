"""Whose connections are kept for the next request: those of few hosts, as each takes memory."""

import time
from collections.abc import Callable


class Regulars:
    """Up to `limit` origins; one makes room for another when it was not asked for `seconds`."""

    def __init__(
        self, limit: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._asked: dict[str, float] = {}

    def knows(self, origin: str) -> bool:
        """Whether connections to it are kept; it is asked now."""
        now = self._clock()
        if origin not in self._asked and len(self._asked) >= self._limit:
            passed = [one for one, asked in self._asked.items() if now - asked > self._seconds]
            for one in passed:
                del self._asked[one]
            if not passed:
                return False
        self._asked[origin] = now
        return True
