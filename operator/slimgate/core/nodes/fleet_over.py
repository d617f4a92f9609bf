"""What would be won on all nodes together if every image were at its limit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.fleet import Fleet, image_name
from slimgate.core.nodes.node import WorkloadName
from slimgate.core.nodes.over_limits import OverLimits, SizeLimit, Use, over_limits
from slimgate.core.nodes.owners import total_by
from slimgate.core.nodes.stored import NOTHING, Stored

Limits = Mapping[Use, Sequence[SizeLimit]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetOver:
    """Sums over all nodes: the images' and the workloads' parts are `total`.

    Each of the `policies` is taken as if it were the only one, so these overlap.
    """

    total: Stored
    images: Mapping[str, Stored]
    workloads: Mapping[WorkloadName, Stored]
    policies: Mapping[str, Stored]


@dataclass(frozen=True, slots=True)
class _Kept:
    disk: NodeDisk
    limits: Limits
    over: OverLimits


class NodesOverLimits:
    """Keeps what would be won on each node, and does anew only what has changed."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def together(self, disks: Sequence[NodeDisk], fleet: Fleet, limits: Limits) -> FleetOver:
        """Add up all nodes, and forget all others; images are called as in the fleet."""
        overs = [(disk.images, self.on(disk, limits)) for disk in disks]
        there = {disk.node for disk in disks}
        self._kept = {name: kept for name, kept in self._kept.items() if name in there}
        called = {image.digest or image.name: image.name for image in fleet.images}
        lines = {line.policy: NOTHING for several in limits.values() for line in several}
        return FleetOver(
            total=sum((over.total for _, over in overs), NOTHING),
            images=total_by(
                (called[images[place].digest or image_name(images[place].names)], stored)
                for images, over in overs
                for place, stored in over.images.items()
            ),
            workloads=total_by(item for _, over in overs for item in over.workloads.items()),
            policies=total_by(
                [*lines.items(), *(item for _, over in overs for item in over.policies.items())]
            ),
        )

    def on(self, disk: NodeDisk, limits: Limits) -> OverLimits:
        """Tell what would be won on one node."""
        mine = {use: limits[use] for image in disk.images for use in image.uses if use in limits}
        kept = self._kept.get(disk.node)
        if (
            kept is None
            or kept.disk.images is not disk.images
            or kept.disk.pieces is not disk.pieces
            or kept.disk.scale != disk.scale
            or kept.limits != mine
        ):
            kept = self._kept[disk.node] = _Kept(disk, mine, over_limits(disk, mine))
        return kept.over
