"""Names of registries as label values: anyone who may create a pod can make up new ones."""

from typing import Final

OTHER: Final = "other"


class Hosts:
    """Gives the first `limit` hosts that really answer a label value of their own."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def label(self, host: str, *, answers: bool) -> str:
        """Return the host, or `other` for one that never answered or came too late."""
        if host in self._known:
            return host
        if not answers or len(self._known) >= self._limit:
            return OTHER
        self._known.add(host)
        return host
