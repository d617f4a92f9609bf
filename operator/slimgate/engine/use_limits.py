"""Which limits apply to each use of an image on nodes, by the policies of a catalog."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from slimgate.core.nodes.node import WorkloadName
from slimgate.core.nodes.over_limits import SizeLimit, Use
from slimgate.core.policies.policy import Limit, Policy
from slimgate.core.workloads.workload import Workload
from slimgate.engine.catalog import Catalog


class UseLimits:
    """Keeps what it found for as long as the catalog and a workload are what they were."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._generation = catalog.generation
        self._kept: dict[Use, tuple[Workload, Sequence[SizeLimit]]] = {}

    def of(
        self, uses: Iterable[Use], workloads: Mapping[WorkloadName, Workload]
    ) -> Mapping[Use, Sequence[SizeLimit]]:
        """Tell them for those that have any."""
        if self._generation != self._catalog.generation:
            self._generation, self._kept = self._catalog.generation, {}
        before, self._kept = self._kept, {}
        for use in uses:
            name, reference = use
            # What made a pod may be of a kind that is not listed; then its labels are not known.
            workload = workloads.get(name) or Workload(
                kind=name[1], namespace=name[0], name=name[2]
            )
            kept = before.get(use)
            if kept is None or kept[0] != workload:
                found = tuple(size_limits(self._catalog.matching(workload), reference))
                kept = workload, found
            self._kept[use] = kept
        return {use: limits for use, (_, limits) in self._kept.items() if limits}


def size_limits(policies: Iterable[Policy], reference: str) -> Iterator[SizeLimit]:
    """Yield the lines that policies draw for an image; an image at the lowest violates none."""
    for policy in policies:
        pull, unpacked = _line(policy.limits.pull_size), _line(policy.limits.unpacked_size)
        if (pull is not None or unpacked is not None) and policy.match.image(reference):
            yield SizeLimit(policy=policy.name, pull=pull, unpacked=unpacked)


def _line(limit: Limit | None) -> int | None:
    """Choose the softer line: what is above it violates already."""
    lines = () if limit is None else (limit.warn, limit.deny)
    return min((line for line in lines if line is not None), default=None)
