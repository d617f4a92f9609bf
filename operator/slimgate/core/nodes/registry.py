"""What the images of all nodes take in their registries: compressed, and each layer once.

Nobody lists registries, so images that are on no node are not known. As on a node, what several
use is divided among them, and what only images of no pod hold is unused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from slimgate.core.nodes.disk import ImageDisk, NodeDisk
from slimgate.core.nodes.fleet import image_key
from slimgate.core.nodes.held import HeldImage
from slimgate.core.nodes.node import WorkloadName
from slimgate.core.nodes.owners import Ownership, Piece, Weights, users_of
from slimgate.core.nodes.scale import Scale
from slimgate.core.nodes.stored import NOTHING

_Uses = dict[tuple[WorkloadName, str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryImages:
    """The images of all nodes, each once, with all who use them; `owners` divide their blobs."""

    images: Sequence[ImageDisk]
    owners: Ownership


class RegistrySum:
    """Adds up nodes of one look, one after the other."""

    def __init__(self) -> None:
        self._images: dict[str, ImageDisk] = {}
        self._uses: dict[str, _Uses] = {}
        self._sizes: Sequence[int] = ()

    def add(self, disk: NodeDisk) -> None:
        """Add a node."""
        self._sizes = disk.blobs
        for image in disk.images:
            key = image_key(image)
            if key not in self._images or not self._images[key].known:
                self._images[key] = image
            if image.uses:
                uses = self._uses.setdefault(key, {})
                for use, containers in image.uses.items():
                    uses[use] = uses.get(use, 0) + containers

    def namespaces(self) -> Mapping[str, int]:
        """Tell each namespace's part."""
        parts = self.images().owners.namespaces
        return {name: stored.compressed for name, stored in parts.items()}

    def images(self) -> RegistryImages:
        """Divide their layers."""
        images = [
            replace(image, uses=self._uses.get(key, {})) for key, image in self._images.items()
        ]
        held = [
            HeldImage(names=image.names, digests=(), pinned=image.pinned, uses=dict(image.uses))
            for image in images
        ]
        pieces = _pieces(images, self._sizes)
        weights = Weights(pieces, held, users_of(pieces, held))
        scale = Scale.to(NOTHING, None, complete=True)
        return RegistryImages(
            images=images, owners=weights.owners([image.tier for image in images], scale)
        )


def in_registries(disks: Iterable[NodeDisk]) -> RegistryImages:
    """Add up the nodes of one look."""
    together = RegistrySum()
    for disk in disks:
        together.add(disk)
    return together.images()


def _pieces(images: Sequence[ImageDisk], sizes: Sequence[int]) -> list[Piece]:
    holders: dict[int, list[int]] = {}
    for place, image in enumerate(images):
        for number in image.pieces:
            holders.setdefault(number, []).append(place)
    return [
        Piece(holders=tuple(places), compressed=size, unpacked=0, blocks=0, loose=0)
        for number, places in holders.items()
        if (size := sizes[number])
    ]
