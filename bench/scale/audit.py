"""What slimgate asked of the API server, from the API server's own audit log."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

_READS: Final = frozenset({"get", "list", "watch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, answered."""

    verb: str
    resource: str
    """With its subresource, as in `deployments/status`."""
    namespace: str
    name: str
    status: int
    first_page: bool
    """Of a listing, without a selector, of all namespaces."""

    @property
    def writes(self) -> bool:
        """Whether it changed something, or was to."""
        return self.verb not in _READS

    @property
    def lists_all(self) -> bool:
        """Whether it began to list all objects of a kind."""
        return self.verb == "list" and self.first_page and not self.namespace


class AuditLog:
    """Reads the log from where it was read to before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._half = b""

    def skip(self) -> None:
        """Leave out what was asked until now."""
        for _ in self.new():
            pass

    def new(self) -> Iterator[Asked]:
        """Yield what was asked since the last time."""
        with self._path.open("rb") as log:
            log.seek(self._read)
            text = log.read()
        self._read += len(text)
        *lines, self._half = (self._half + text).split(b"\n")
        for line in lines:
            yield _asked(json.loads(line))


def _asked(entry: dict[str, Any]) -> Asked:
    found = entry.get("objectRef", {})
    parts = [found.get("resource", ""), found.get("subresource", "")]
    query = parse_qs(urlsplit(entry["requestURI"]).query)
    return Asked(
        verb=entry["verb"],
        resource="/".join(filter(None, parts)),
        namespace=found.get("namespace", ""),
        name=found.get("name", ""),
        status=entry.get("responseStatus", {}).get("code", 0),
        first_page=not {"continue", "fieldSelector", "labelSelector"} & query.keys(),
    )
