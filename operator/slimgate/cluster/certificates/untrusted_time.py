"""How long the API server could not call the webhook; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from slimgate.cluster.certificates.configuration import is_new, lost_at
from slimgate.core.json_object import JsonObject


@dataclass(slots=True)
class UntrustedTime:
    """Adds up the time for which no certificate of the webhook was trusted."""

    _total: float = 0.0
    _down: datetime | None = None
    _up: datetime | None = None
    _seen: bool = False

    def look(
        self,
        configuration: JsonObject | None,
        secret: JsonObject | None,
        served: Sequence[x509.Certificate],
        now: datetime,
    ) -> None:
        """Take both objects, and the certificate that is served, as they are now."""
        lost: datetime | None = None
        if configuration is None:
            # Where there never was one, nobody wants a webhook.
            lost = now if self._seen else None
        elif self._seen or not is_new(configuration):
            lost = lost_at(configuration, secret, served, now)
        self._seen = self._seen or configuration is not None
        self.note(lost, now)

    def note(self, lost: datetime | None, now: datetime) -> None:
        """Hear when the guard was lost that is not back yet; None if it is up.

        What was seen to be up cannot have been lost before.
        """
        if lost is None:
            self._total, self._down, self._up = self.seconds(now), None, now
        elif self._down is None:
            self._down = min(now, max(lost, self._up or lost))

    def still(self, now: datetime) -> None:
        """Hear that nothing has changed since the last note."""
        if self._down is None and self._up is not None:
            self._up = max(self._up, now)

    def seconds(self, now: datetime) -> float:
        """Return the sum up to now, an unfinished loss included."""
        lasting = (now - self._down).total_seconds() if self._down else 0.0
        return self._total + max(0.0, lasting)
