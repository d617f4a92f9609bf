"""Who fills the disks of all nodes together."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from slimgate.core.images.facts import Digest
from slimgate.core.images.tier import Tier
from slimgate.core.nodes.disk import ImageDisk, NodeDisk
from slimgate.core.nodes.node import WorkloadName
from slimgate.core.nodes.owners import Sums
from slimgate.core.nodes.stored import NOTHING, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetImage:
    """One image on all nodes that hold it: what it takes there together, and how often it runs.

    `exclusive` is what removing it everywhere frees, `shared` what it holds besides and others
    hold too, and `share` its fair part of all. `unused` is that of the nodes where no pod uses it.
    `unknown_on` are the nodes on which some of its bytes are not known. `pull` and `unpacked` are
    the sizes that policies measure, 0 where they are not known.
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
    pull: int = 0
    unpacked: int = 0
    base: str | None = None


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
    def called(self) -> Mapping[str, str]:
        """Tell each image's name by what `image_key` says of it on any node."""
        return {image.digest or image.name: image.name for image in self.images}

    @property
    def total(self) -> Stored:
        """All bytes of images on all nodes."""
        return sum(self.nodes.values(), NOTHING)


class FleetSum:
    """Adds up nodes, one after the other, so that no two models need be there at once."""

    def __init__(self) -> None:
        self._images: dict[str, _Sum] = {}
        self._workloads: Sums[WorkloadName] = Sums()
        self._namespaces: Sums[str] = Sums()
        self._tiers: Sums[Tier | None] = Sums()
        self._nodes: Sums[str] = Sums()
        self._pinned = self._unused = NOTHING
        self._unexplained = self._unmeasured = self._incomplete = 0

    def add(self, disk: NodeDisk) -> None:
        """Add a node."""
        owners = disk.owners
        self._workloads.add((name, share) for name, _, share in owners.uses)
        self._namespaces.add(owners.namespaces.items())
        self._tiers.add(owners.tiers.items())
        self._nodes.add([(disk.node, owners.total)])
        self._pinned += owners.pinned
        self._unused += owners.unused
        self._unexplained += owners.unexplained
        self._unmeasured += disk.scale.measured is None
        self._incomplete += not disk.complete
        for image, share in zip(disk.images, owners.images, strict=True):
            key = image_key(image)
            if (together := self._images.get(key)) is None:
                together = self._images[key] = _Sum(image)
            together.add(image, share, disk.scale.of)

    def fleet(self) -> Fleet:
        """Give the sums."""
        return Fleet(
            images=tuple(one.image() for one in self._images.values()),
            workloads=self._workloads.stored(),
            namespaces=self._namespaces.stored(),
            tiers=self._tiers.stored(),
            nodes=self._nodes.stored(),
            pinned=self._pinned,
            unused=self._unused,
            unexplained=self._unexplained,
            unmeasured=self._unmeasured,
            incomplete=self._incomplete,
        )


def fleet_of(disks: Iterable[NodeDisk]) -> Fleet:
    """Add up all nodes."""
    together = FleetSum()
    for disk in disks:
        together.add(disk)
    return together.fleet()


def image_name(names: Iterable[str]) -> str:
    """Choose the name that people know: one with a tag before one with a digest."""
    return min(names, key=lambda name: "@" in name, default="")


def image_key(image: ImageDisk) -> str:
    """Tell what an image on a node is known by on all of them."""
    return image.digest or image_name(image.names)


class _Sum:
    """One image on the nodes that were seen yet."""

    __slots__ = (
        "_containers", "_exclusive", "_first", "_names", "_nodes", "_share", "_unknown_on",
        "_unused", "_whole",
    )  # fmt: skip

    def __init__(self, first: ImageDisk) -> None:
        self._first = first
        self._names: set[str] = set()
        self._nodes = self._containers = self._unknown_on = 0
        self._exclusive, self._whole = [0, 0], [0, 0]
        self._share, self._unused = [0, 0], [0, 0]

    def add(self, image: ImageDisk, share: Stored, scale: Callable[[Stored], Stored]) -> None:
        self._nodes += 1
        self._containers += image.containers
        self._unknown_on += not image.complete
        self._names.add(image_name(image.names))
        for pair, stored in ((self._exclusive, image.own), (self._whole, image.whole)):
            scaled = scale(stored)
            pair[0] += scaled.compressed
            pair[1] += scaled.unpacked
        for pair in (self._share, self._unused) if image.free_to_go else (self._share,):
            pair[0] += share.compressed
            pair[1] += share.unpacked

    def image(self) -> FleetImage:
        exclusive, whole, share, unused = (
            Stored(compressed=pair[0], unpacked=pair[1])
            for pair in (self._exclusive, self._whole, self._share, self._unused)
        )
        return FleetImage(
            name=image_name(sorted(self._names)),
            digest=self._first.digest,
            tier=self._first.tier,
            nodes=self._nodes,
            containers=self._containers,
            exclusive=exclusive,
            shared=whole - exclusive,
            share=share,
            unused=unused,
            unknown_on=self._unknown_on,
            pull=self._first.pull,
            unpacked=self._first.unpacked,
            base=self._first.base,
        )
