"""What images cost one node's disk, and whose cost it is.

All modelled bytes are lower bounds: images without facts and layers of unknown size count as what
they are at least, mostly nothing, and are counted. Left out by nature: manifests and configs,
writable layers, and whole blocks, by which an unpacked layer exceeds its tar: 0.1 % for a binary,
10 % for a distribution, 15 % for a toolchain, as measured on ext4. What was measured has all of
it, and `NodeDisk.owners` are scaled to that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slimgate.core.images.facts import Digest
from slimgate.core.images.tier import Tier
from slimgate.core.nodes.node import MAX_COUNT, Runtime, WorkloadName
from slimgate.core.nodes.owners import Attribution, Ownership, Piece
from slimgate.core.nodes.scale import Scale
from slimgate.core.nodes.stored import Stored
from slimgate.core.nodes.summary import ImageFs


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Disjoint parts of a node's images: of no pod; in use, and of one image or of several.

    What a sandbox needs is in use.
    """

    unused: Stored
    exclusive: Stored
    shared: Stored

    @property
    def total(self) -> Stored:
        """The sum of all parts."""
        return self.unused + self.exclusive + self.shared


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDisk:
    """One image on a node: `whole` counts what it shares too, `own` is what deleting it frees.

    Its fair part of what is really there is in the `images` of the node's owners, in this order.
    `listed` is False where only a pod's status names it, `known` where there were no facts, and of
    `unknown_layers` no size is known. `reported` is the runtime's size. `digest` is that of its
    manifest, else what the node calls it by. `uses` counts containers by workload and by what it
    calls the image. `pull` and `unpacked` are the sizes that policies measure. `pieces` are the
    numbers of those that it has in the layout of all images.
    """

    names: tuple[str, ...]
    digest: Digest | None
    listed: bool
    known: bool
    pinned: bool
    uses: Mapping[tuple[WorkloadName, str], int]
    reported: int
    own: Stored
    whole: Stored
    pull: int = 0
    unpacked: int = 0
    tier: Tier | None = None
    base: str | None = None
    pieces: tuple[int, ...] = ()
    unknown_layers: int = 0

    @property
    def used(self) -> bool:
        """Whether a pod on the node uses it."""
        return bool(self.uses)

    @property
    def free_to_go(self) -> bool:
        """Whether removing what is unused removes it."""
        return not self.uses and not self.pinned

    @property
    def complete(self) -> bool:
        """Whether its bytes are all that it has, and no lower bound."""
        return self.known and not self.unknown_layers

    @property
    def namespaces(self) -> frozenset[str]:
        """Those of the pods that use it."""
        return frozenset(workload[0] for workload, _ in self.uses)

    @property
    def containers(self) -> int:
        """How often it runs."""
        return sum(self.uses.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDisk:
    """The disk model of one node.

    `image_fs` is measured; `owners` are scaled to that by `scale`; all other bytes are modelled.
    `blobs` are the compressed bytes of all images' pieces by number, on this node or not.
    """

    node: str
    runtime: Runtime
    parts: Parts
    namespaces: Attribution[str]
    images: tuple[ImageDisk, ...]
    pieces: tuple[Piece, ...]
    """All bytes, by the places in `images` of those that hold them."""
    owners: Ownership
    scale: Scale
    truncated: bool
    unknown_layers: int
    image_fs: ImageFs | None
    blobs: Sequence[int]

    @property
    def total(self) -> Stored:
        """All bytes of all known images, each thing once."""
        return self.parts.total

    @property
    def measured(self) -> int | None:
        """What `du` finds: what the kubelet measured, and the blobs, which containerd leaves out.

        None where the kubelet was not asked, measures something else, or is not believed.
        """
        used = self._used
        believed = used is not None and self.scale.measured is not None
        return used + self.total.compressed if believed and used is not None else None

    @property
    def _used(self) -> int | None:
        """What the kubelet measured, whether or not it can be."""
        return self.image_fs.used if self.image_fs and self.runtime.keeps_blobs else None

    @property
    def is_doubted(self) -> bool:
        """Whether its kubelet says what can't be: less than is there, or more than there is."""
        if (fs := self.image_fs) is None:
            return False
        too_little = self._used is not None and self.scale.measured is None
        return too_little or (fs.available or 0) > (
            MAX_COUNT if fs.capacity is None else fs.capacity
        )

    @property
    def unused_images(self) -> int:
        """Images of no pod on the node, but for those that it needs itself."""
        return sum(image.free_to_go for image in self.images)

    @property
    def images_without_facts(self) -> int:
        """Images that no byte here stands for."""
        return sum(not image.known for image in self.images)

    @property
    def unknown(self) -> bool:
        """Whether nothing is known of any of its images."""
        return self.images_without_facts == len(self.images) > 0

    @property
    def unlisted_images(self) -> int:
        """Images that only pods tell of, since the node's status does not list them."""
        return sum(not image.listed for image in self.images)

    @property
    def complete(self) -> bool:
        """Whether all images are listed and known, so that nothing here is a lower bound."""
        return not (self.truncated or self.unknown_layers or self.images_without_facts)
