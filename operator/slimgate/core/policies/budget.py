"""Budgets: what all images that a namespace runs may unpack to together, each layer once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from slimgate.core.json_object import JsonDocument, JsonObject, mapping_at, objects_at, text_at
from slimgate.core.nodes.node import count_at

STATUS: Final = "overBudget"
MAX_TOLD: Final = 50
"""Namespaces that a status names: those that are furthest over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverBudget:
    """A namespace whose images unpack to more than a policy's budget, in bytes."""

    namespace: str
    size: int
    budget: int

    @property
    def excess(self) -> int:
        """How far it is over."""
        return self.size - self.budget


def over_budget(budget: int, sizes: Mapping[str, int]) -> tuple[OverBudget, ...]:
    """Find the namespaces that are over, the furthest first."""
    found = [
        OverBudget(namespace=name, size=size, budget=budget)
        for name, size in sizes.items()
        if size > budget
    ]
    return tuple(sorted(found, key=lambda one: (-one.size, one.namespace)))


def to_status(overs: Iterable[OverBudget]) -> list[JsonDocument]:
    """Write what a policy's status tells of them."""
    return [{"namespace": one.namespace, "unpackedBytes": one.size} for one in overs]


def told_of(policy: JsonObject, namespace: str) -> int | None:
    """Read what a policy's status says that a namespace's images unpack to; None if nothing."""
    for one in objects_at(mapping_at(policy, "status"), STATUS):
        if text_at(one, "namespace") == namespace:
            return count_at(one, "unpackedBytes")
    return None


OverBudgets = Mapping[str, Sequence[OverBudget]]
"""By policy; one without a budget has no entry."""
NO_BUDGETS: Final[OverBudgets] = {}
