"""Which policies speak of a workload, found once for all workloads of a kind in a namespace.

There may be hundreds of policies, and each admission waits for this.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from slimgate.core.policies.policy import Policy
from slimgate.core.workloads.workload import Workload
from slimgate.engine.bounded import Bounded

NAME_LABEL: Final = "kubernetes.io/metadata.name"
"""The label that the API server itself puts on every namespace."""
_MAX_PLACES: Final = 2**14
"""Kinds by namespaces."""
_MAX_SETS: Final = 2**10


@dataclass(frozen=True, slots=True)
class _Place:
    """The policies for a kind in a namespace that has these labels, but for objects' own labels."""

    labels: Mapping[str, str]
    policies: tuple[Policy, ...]
    by_object: bool


class PolicyIndex:
    """Policies by name, which never change; there is another index of others."""

    def __init__(self, policies: tuple[Policy, ...]) -> None:
        self._policies = policies
        self._places: Bounded[tuple[str, str, str], _Place] = Bounded(_MAX_PLACES)
        self._sets: Bounded[tuple[str, ...], tuple[Policy, ...]] = Bounded(_MAX_SETS)

    def matching(self, workload: Workload, labels: Mapping[str, str]) -> tuple[Policy, ...]:
        """Return the policies that speak of a workload: mostly the same tuple for the same ones.

        `labels` are those of its namespace, another object where they have changed.
        """
        if not self._policies:
            return ()
        key = workload.namespace, workload.group, workload.kind
        place = self._places.get(key)
        if place is None or place.labels is not labels:
            place = self._place(workload, labels)
            self._places.put(key, place)
        if not place.by_object:
            return place.policies
        return self._same(tuple(p for p in place.policies if p.match.object(workload)))

    def _place(self, workload: Workload, labels: Mapping[str, str]) -> _Place:
        known = labels_in(workload.namespace, labels)
        found = tuple(p for p in self._policies if p.match.place(workload, known))
        by_object = any(policy.match.object_selector for policy in found)
        return _Place(labels, self._same(found), by_object)

    def _same(self, policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
        names = tuple(policy.name for policy in policies)
        known = self._sets.get(names)
        if known is None:
            known = policies
            self._sets.put(names, policies)
        return known


def labels_in(namespace: str, labels: Mapping[str, str]) -> Mapping[str, str]:
    """Add the label that each namespace has."""
    return {NAME_LABEL: namespace, **labels}
