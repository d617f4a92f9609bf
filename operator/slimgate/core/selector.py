"""Label selectors, as metav1.LabelSelector defines them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.workload import JsonObject, mapping_at, objects_at, text_at

_OPERATORS: Final = frozenset({"In", "NotIn", "Exists", "DoesNotExist"})


@dataclass(frozen=True, slots=True)
class Requirement:
    """One expression; `values` is empty for Exists and DoesNotExist."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels satisfy it; NotIn holds for an absent key, as in Kubernetes."""
        present = self.key in labels
        match self.operator:
            case "Exists":
                return present
            case "DoesNotExist":
                return not present
            case "NotIn":
                return labels.get(self.key) not in self.values or not present
            case _:
                return present and labels[self.key] in self.values


@dataclass(frozen=True, slots=True)
class Selector:
    """All requirements must hold; no requirement matches everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels satisfy every requirement."""
        return all(requirement.matches(labels) for requirement in self.requirements)


def parse_selector(raw: JsonObject, path: str) -> Selector:
    """Read a metav1.LabelSelector; InvalidPolicyError names the field at fault."""
    labels = mapping_at(raw, "matchLabels")
    exact = [Requirement(key, "In", frozenset({str(value)})) for key, value in labels.items()]
    expressions = [
        _requirement(entry, f"{path}.matchExpressions[{i}]")
        for i, entry in enumerate(objects_at(raw, "matchExpressions"))
    ]
    return Selector((*exact, *expressions))


def _requirement(raw: JsonObject, path: str) -> Requirement:
    operator = text_at(raw, "operator")
    if operator not in _OPERATORS:
        raise InvalidPolicyError(f"{path}.operator", "must be In, NotIn, Exists or DoesNotExist.")
    values = raw.get("values")
    listed = frozenset(str(v) for v in values) if isinstance(values, list) else frozenset[str]()
    if (operator in {"In", "NotIn"}) != bool(listed):
        need = "needs at least one value" if not listed else "takes no values"
        raise InvalidPolicyError(f"{path}.values", f"{operator} {need}.")
    return Requirement(text_at(raw, "key"), operator, listed)
