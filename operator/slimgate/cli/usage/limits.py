"""Which limits apply to the images on nodes, by the cluster's own policies."""

from collections.abc import Iterable, Sequence

from slimgate.cli.check.known import from_cluster
from slimgate.cli.shared.ports import ClusterView
from slimgate.core.errors import ClusterError
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.node import WorkloadName
from slimgate.core.nodes.over_limits import Limits
from slimgate.core.workloads.workload import Workload
from slimgate.engine.use_limits import UseLimits
from slimgate.settings import Settings


async def limits_of(
    view: ClusterView, settings: Settings, disks: Iterable[NodeDisk]
) -> tuple[Limits | None, Sequence[str]]:
    """Tell them by use, or None and a note that says why they can't be had."""
    try:
        known = await from_cluster(view, settings, platforms=False)
        workloads = await view.workloads()
    except ClusterError as err:
        return None, (f"what is over limits is not known: {err}",)
    catalog = known.catalog(settings)
    there = {_name(workload): workload for workload in workloads}
    uses = {use for disk in disks for image in disk.images for use in image.uses}
    return UseLimits(catalog).of(uses, there), ()


def _name(workload: Workload) -> WorkloadName:
    return workload.namespace, workload.kind, workload.name
