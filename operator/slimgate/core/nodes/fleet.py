"""Who fills the disks of all nodes together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slimgate.core.images.facts import Digest
from slimgate.core.images.tier import Tier
from slimgate.core.nodes.disk import ImageDisk, NodeDisk
from slimgate.core.nodes.node import WorkloadName
from slimgate.core.nodes.owners import total_by
from slimgate.core.nodes.stored import NOTHING, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetImage:
    """One image on all nodes that hold it: what it takes there together, and how often it runs.

    `exclusive` is what removing it everywhere frees, `shared` what it holds besides and others
    hold too, and `share` its fair part of all. `unused` is that of the nodes where no pod uses it.
    `unknown_on` are the nodes on which some of its bytes are not known.
    """

    name: str
    digest: Digest | None
    tier: Tier | None
    nodes: int
    containers: int
    exclusive: Stored
    shared: Stored
    share: Stored
    unused: Stored
    unknown_on: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Sums over all nodes; by each of the mappings, with what is named beside, they are `total`.

    Namespaces or workloads: `pinned`, `unused`, `unexplained`. Images or tiers: `unexplained`.
    Nodes: nothing.
    """

    images: tuple[FleetImage, ...]
    workloads: Mapping[WorkloadName, Stored]
    namespaces: Mapping[str, Stored]
    tiers: Mapping[Tier | None, Stored]
    nodes: Mapping[str, Stored]
    pinned: Stored
    unused: Stored
    unexplained: int
    unmeasured: int
    """Nodes of which nothing was measured, so that their part is the model's."""
    incomplete: int
    """Nodes with something unknown, so that without a measurement they hold more."""

    @property
    def total(self) -> Stored:
        """All bytes of images on all nodes."""
        return sum(self.nodes.values(), NOTHING)


def fleet_of(disks: Iterable[NodeDisk]) -> Fleet:
    """Add up all nodes."""
    disks = list(disks)
    owners = [disk.owners for disk in disks]
    return Fleet(
        images=_images(disks),
        workloads=total_by(item for one in owners for item in one.workloads.items()),
        namespaces=total_by(item for one in owners for item in one.namespaces.items()),
        tiers=total_by(item for one in owners for item in one.tiers.items()),
        nodes=total_by((disk.node, disk.owners.total) for disk in disks),
        pinned=sum((one.pinned for one in owners), NOTHING),
        unused=sum((one.unused for one in owners), NOTHING),
        unexplained=sum(one.unexplained for one in owners),
        unmeasured=sum(disk.scale.measured is None for disk in disks),
        incomplete=sum(not disk.complete for disk in disks),
    )


def image_name(names: Iterable[str]) -> str:
    """Choose the name that people know: one with a tag before one with a digest."""
    return min(names, key=lambda name: "@" in name, default="")


def _images(disks: Iterable[NodeDisk]) -> tuple[FleetImage, ...]:
    places: dict[str, list[tuple[NodeDisk, ImageDisk]]] = {}
    for disk in disks:
        for image in disk.images:
            key = image.digest or image_name(image.names)
            places.setdefault(key, []).append((disk, image))
    return tuple(map(_together, places.values()))


def _together(places: Iterable[tuple[NodeDisk, ImageDisk]]) -> FleetImage:
    places = list(places)
    first = places[0][1]
    sums = [0] * 8
    for disk, image in places:
        scaled = disk.scale.of_bytes
        own = scaled(image.own.unpacked)
        sums[0] += image.own.compressed
        sums[1] += own
        sums[2] += image.whole.compressed - image.own.compressed
        sums[3] += scaled(image.whole.unpacked) - own
        sums[4] += image.share.compressed
        sums[5] += image.share.unpacked
        if image.free_to_go:
            sums[6] += image.share.compressed
            sums[7] += image.share.unpacked
    exclusive, shared, share, unused = (
        Stored(compressed=sums[n], unpacked=sums[n + 1]) for n in (0, 2, 4, 6)
    )
    return FleetImage(
        name=image_name(name for _, image in places for name in image.names),
        digest=first.digest,
        tier=first.tier,
        nodes=len(places),
        containers=sum(image.containers for _, image in places),
        exclusive=exclusive,
        shared=shared,
        share=share,
        unused=unused,
        unknown_on=sum(not image.complete for _, image in places),
    )
