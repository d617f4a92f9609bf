"""Label selectors, as metav1.LabelSelector defines them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.fields import list_of, object_of, text_of, texts_of

_FIELDS: Final = frozenset({"matchLabels", "matchExpressions"})
_REQUIREMENT: Final = frozenset({"key", "operator", "values"})
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
                return not present or labels[self.key] not in self.values
            case _:
                return present and labels[self.key] in self.values


@dataclass(frozen=True, slots=True)
class Selector:
    """All requirements must hold; no requirement matches everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels satisfy every requirement."""
        return all(requirement.matches(labels) for requirement in self.requirements)


def parse_selector(raw: object, path: str) -> Selector:
    """Read a metav1.LabelSelector; InvalidPolicyError names the field at fault."""
    selector = object_of(raw, path, _FIELDS)
    at = f"{path}.matchLabels"
    exact = [
        Requirement(key, "In", frozenset({text_of(value, f"{at}.{key}")}))
        for key, value in object_of(selector.get("matchLabels", {}), at).items()
    ]
    at = f"{path}.matchExpressions"
    expressions = [
        _requirement(entry, f"{at}[{i}]")
        for i, entry in enumerate(list_of(selector.get("matchExpressions"), at))
    ]
    return Selector((*exact, *expressions))


def _requirement(raw: object, path: str) -> Requirement:
    entry = object_of(raw, path, _REQUIREMENT)
    key = text_of(entry.get("key", ""), f"{path}.key")
    if not key:
        raise InvalidPolicyError(f"{path}.key", "is required.")
    operator = text_of(entry.get("operator", ""), f"{path}.operator")
    if operator not in _OPERATORS:
        raise InvalidPolicyError(f"{path}.operator", "must be In, NotIn, Exists or DoesNotExist.")
    values = frozenset(texts_of(entry.get("values"), f"{path}.values"))
    if (operator in {"In", "NotIn"}) != bool(values):
        need = "needs at least one value" if not values else "takes no values"
        raise InvalidPolicyError(f"{path}.values", f"{operator} {need}.")
    return Requirement(key, operator, values)
