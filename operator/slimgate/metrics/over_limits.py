"""Shows what would be won if every image were at its limit: by policy, and by who would win it."""

from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily

from slimgate.core.nodes.over_limits import FleetOver
from slimgate.core.nodes.stored import Stored
from slimgate.core.policies.budget import OverBudgets
from slimgate.metrics.bounded import MAX_POLICIES, largest
from slimgate.metrics.named import (
    IMAGE,
    NAMESPACE,
    WORKLOAD,
    Named,
    Values,
    bounded_family,
)

_WON: Final = "Bytes on all nodes that would be won if every image in use were at its limits"
_SUM: Final = "The sum is slimgate_cluster_over_limits_bytes."


def over_families(over: FleetOver, named: Named) -> Iterator[GaugeMetricFamily]:
    """Write all that would be won."""
    yield GaugeMetricFamily(
        "slimgate_cluster_over_limits_bytes",
        f"{_WON}: a lower bound where images are unknown.",
        value=over.total.disk,
    )
    yield _policies(over)
    for what, labels, limit, parts in (
        (
            "namespace",
            NAMESPACE,
            named.namespaces,
            (((name[0],), stored) for name, stored in over.workloads.items()),
        ),
        (
            "workload",
            WORKLOAD,
            named.workloads,
            over.workloads.items(),
        ),
        (
            "image",
            IMAGE,
            named.images,
            (((name,), stored) for name, stored in over.images.items()),
        ),
    ):
        yield from bounded_family(
            f"slimgate_{what}_over_limits_bytes",
            f"{_WON}, by {what}. {_SUM}",
            labels,
            _sums(parts),
            limit,
        )


def budget_families(overs: OverBudgets, named: Named) -> Iterator[GaugeMetricFamily]:
    """Write how far namespaces are over budgets; those that are within have no series."""
    yield from bounded_family(
        "slimgate_namespace_over_budget_bytes",
        "How far all images that a namespace runs, unpacked and each layer once, are over a "
        "policy's budget. Those that are within have no series.",
        ("policy", *NAMESPACE),
        {(name, one.namespace): one.excess for name, found in overs.items() for one in found},
        named.namespaces,
    )


def _sums(parts: Iterable[tuple[Values, Stored]]) -> dict[Values, int]:
    sums: dict[Values, int] = {}
    for values, stored in parts:
        sums[values] = sums.get(values, 0) + stored.disk
    return sums


def _policies(over: FleetOver) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_policy_over_limits_bytes",
        f"{_WON} by a policy, as if it were the only one. Policies overlap, so this has no sum.",
        labels=["policy"],
    )
    sizes = {name: stored.disk for name, stored in over.policies.items()}
    for name in sorted(largest(sizes, MAX_POLICIES)):
        family.add_metric([name], sizes[name])
    return family
