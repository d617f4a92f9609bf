"""What slimgate asked of the API server, counted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from bench.scale.audit import Asked

WORKLOADS: Final = "deployments"


@dataclass(slots=True)
class Tally:
    """What slimgate wrote, by kind, and what it listed."""

    wrote: Counter[str] = field(default_factory=Counter)
    lists: Counter[str] = field(default_factory=Counter)
    annotated: set[tuple[str, str]] = field(default_factory=set)

    @property
    def workloads(self) -> int:
        """Writes to Deployments."""
        return self.wrote[WORKLOADS]

    def text(self) -> str:
        """Say what was written."""
        found = sorted(self.wrote.items())
        return ", ".join(f"{count:,} {kind}" for kind, count in found) or "nothing"

    def take(self, asked: Iterable[Asked]) -> None:
        """Count some more."""
        for one in asked:
            if one.writes:
                self.wrote[one.resource] += 1
                if one.resource == WORKLOADS:
                    self.annotated.add((one.namespace, one.name))
            elif one.lists_all:
                self.lists[one.resource] += 1
