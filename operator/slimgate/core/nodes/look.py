"""What a look at all nodes found: their figures, and the sums; no model of a disk is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from slimgate.core.nodes.disk import NodeDisk, Parts
from slimgate.core.nodes.fleet import Fleet, FleetSum
from slimgate.core.nodes.node import Runtime
from slimgate.core.nodes.over_limits import FleetOver, Limits, OverSum
from slimgate.core.nodes.owners import Sums
from slimgate.core.nodes.registry import RegistrySum
from slimgate.core.nodes.space import Space, space_of
from slimgate.core.nodes.stored import NOTHING, Stored
from slimgate.core.nodes.summary import ImageFs
from slimgate.core.nodes.uses import ImageUse, UseSum

DOUBTED: Final = "not_believed"
"""Why a figure is not used that a kubelet gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFigures:
    """What is shown of one node; `factor` is what was measured of one modelled byte."""

    node: str
    runtime: Runtime
    parts: Parts
    images: int
    unused_images: int
    images_without_facts: int
    unknown_layers: int
    truncated: bool
    image_fs: ImageFs | None
    space: Space
    factor: float | None

    @classmethod
    def of(cls, disk: NodeDisk) -> Self:
        """Take them from a model."""
        return cls(
            node=disk.node,
            runtime=disk.runtime,
            parts=disk.parts,
            images=len(disk.images),
            unused_images=disk.unused_images,
            images_without_facts=disk.images_without_facts,
            unknown_layers=disk.unknown_layers,
            truncated=disk.truncated,
            image_fs=disk.image_fs,
            space=space_of(disk),
            factor=disk.scale.factor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """All nodes, at one time.

    `namespaces` alone use their bytes on a node; several use those that are `shared` there.
    """

    nodes: Sequence[NodeFigures] = ()
    namespaces: Mapping[str, Stored] = field(default_factory=dict)
    shared: Stored = NOTHING
    pinned: Stored = NOTHING
    fleet: Fleet = field(default_factory=lambda: FleetSum().fleet())
    over: FleetOver | None = None
    """What would be won if every image were at its limit, None where that is not known."""
    registry: Mapping[str, int] = field(default_factory=dict)
    """By namespace, what it has of registries."""
    uses: Mapping[ImageUse, int] = field(default_factory=dict)
    """The largest shares that workloads have of images, and all others by namespace."""
    image_nodes: Mapping[str, Sequence[tuple[int, str]]] = field(default_factory=dict)
    """The nodes that have most of each image."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Nodes of which something is not known, or not believed, and why."""


class LookSum:
    """Makes a look of models, one after the other; without `limits` nobody knows any.

    `unread` are the nodes of which something is not known.
    """

    def __init__(
        self, limits: Limits | None = None, unread: Mapping[str, str] | None = None
    ) -> None:
        self._unread = {**(unread or {})}
        self._nodes: list[NodeFigures] = []
        self._namespaces: Sums[str] = Sums()
        self._shared = self._pinned = NOTHING
        self._fleet = FleetSum()
        self._uses = UseSum()
        self._registry = RegistrySum()
        self._over = None if limits is None else OverSum(limits)

    def add(self, disk: NodeDisk) -> None:
        """Add a node."""
        self._nodes.append(NodeFigures.of(disk))
        if disk.is_doubted:
            self._unread[disk.node] = DOUBTED
        self._namespaces.add(disk.namespaces.own.items())
        self._shared += disk.namespaces.shared
        self._pinned += disk.namespaces.pinned
        self._fleet.add(disk)
        self._uses.add(disk)
        self._registry.add(disk)
        if self._over is not None:
            self._over.add(disk)

    def look(self) -> Look:
        """Give what was added."""
        fleet = self._fleet.fleet()
        return Look(
            nodes=tuple(self._nodes),
            namespaces=self._namespaces.stored(),
            shared=self._shared,
            pinned=self._pinned,
            fleet=fleet,
            over=None if self._over is None else self._over.over(fleet),
            registry=self._registry.namespaces(),
            uses=self._uses.uses(),
            image_nodes=self._uses.nodes(),
            unread=self._unread,
        )
