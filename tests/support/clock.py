"""Time for tests."""

from dataclasses import dataclass


@dataclass
class Clock:
    """Time in seconds that passes only when told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now
