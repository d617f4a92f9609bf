"""Label selectors, as metav1.LabelSelector defines them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.fields import ANY, list_of, object_of, one_of, text_of
from slimgate.core.text import printable

_FIELDS: Final = ("matchLabels", "matchExpressions")
_REQUIREMENT: Final = ("key", "operator", "values")
_OPERATORS: Final = {name: name for name in ("In", "NotIn", "Exists", "DoesNotExist")}
_MAX_REQUIREMENTS: Final = 32
_KEY: Final = ANY.up_to(317)
_VALUE: Final = ANY.up_to(63)


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

    def may_match(self, labels: Mapping[str, str]) -> bool:
        """Whether labels may satisfy it of which only these are known."""
        return all(one.matches(labels) for one in self.requirements if one.key in labels)

    def hinges_on_more(self, labels: Mapping[str, str]) -> bool:
        """Whether other labels than these may matter."""
        return any(one.key not in labels for one in self.requirements)


def parse_selector(raw: object, path: str) -> Selector:
    """Read a metav1.LabelSelector; InvalidPolicyError names the field at fault."""
    selector = object_of(raw, path, _FIELDS)
    labels, at = selector.get("matchLabels", {}), f"{path}.matchLabels"
    labels = object_of(labels, at)
    if len(labels) > _MAX_REQUIREMENTS:
        raise InvalidPolicyError(at, f"must not have more than {_MAX_REQUIREMENTS} labels.")
    exact = [
        Requirement(key, "In", frozenset({text_of(value, f"{at}.{printable(key)}", _VALUE)}))
        for key, value in sorted(labels.items())
    ]
    at = f"{path}.matchExpressions"
    entries = list_of(selector.get("matchExpressions"), at, most=_MAX_REQUIREMENTS)
    expressions = [_requirement(entry, f"{at}[{i}]") for i, entry in enumerate(entries)]
    return Selector((*exact, *expressions))


def _requirement(raw: object, path: str) -> Requirement:
    entry = object_of(raw, path, _REQUIREMENT)
    key = text_of(entry.get("key", ""), f"{path}.key", _KEY)
    if not key:
        raise InvalidPolicyError(f"{path}.key", "is required.")
    operator = one_of(entry.get("operator"), _OPERATORS, f"{path}.operator")
    at = f"{path}.values"
    listed = list_of(entry.get("values"), at)
    values = frozenset(text_of(value, f"{at}[{i}]", _VALUE) for i, value in enumerate(listed))
    if (operator in {"In", "NotIn"}) != bool(values):
        need = "needs at least one value" if not values else "takes no values"
        raise InvalidPolicyError(at, f"{operator} {need}.")
    return Requirement(key, operator, values)
