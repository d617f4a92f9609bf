"""How long the API server could not call the webhook; pure."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class Guard:
    """Adds up the time for which no certificate of the webhook was trusted."""

    _total: float = 0.0
    _down: datetime | None = None
    _up: datetime | None = None

    def note(self, lost: datetime | None, now: datetime) -> None:
        """Hear when the guard was lost that is not back yet; None if it is up.

        What was seen to be up cannot have been lost before.
        """
        if lost is None:
            self._total, self._down, self._up = self.seconds(now), None, now
        elif self._down is None:
            self._down = min(now, max(lost, self._up or lost))

    def seconds(self, now: datetime) -> float:
        """Return the sum up to now, an unfinished loss included."""
        lasting = (now - self._down).total_seconds() if self._down else 0.0
        return self._total + max(0.0, lasting)
