"""Which limits apply to each use of an image on nodes, by the policies of a catalog."""

from collections.abc import Iterable, Mapping, Sequence

from slimgate.core.nodes.node import WorkloadName
from slimgate.core.nodes.over_limits import SizeLimit, Use
from slimgate.core.policies.size_limits import size_limits
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
