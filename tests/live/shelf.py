"""Images of random bytes, so that their sizes are real, in repositories of their own."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from slimgate.core.images.facts import DiffID, Digest
from tests.support.images import (
    OCI_LAYER,
    Image,
    Index,
    Layer,
    Pusher,
    digest_of,
    image,
    layer,
)

TINY: Final = 2_000
SMALL: Final = 50_040
FAT: Final = 400_000


def noise(size: int, name: str = "data") -> Layer:
    """Make a layer that can't be compressed: a little more than `size` to pull."""
    return layer({name: os.urandom(size)})


def bytes_of(size: int) -> Layer:
    """Make a layer of exactly so many bytes to pull, which nobody can unpack."""
    return Layer(
        blob=os.urandom(size),
        media_type=f"{OCI_LAYER}+gzip",
        diff_id=DiffID(digest_of(os.urandom(8))),
    )


def noisy(*sizes: int, config: Mapping[str, object] | None = None) -> Image:
    """Make an image with one layer of each size."""
    return image([noise(size, f"data-{n}") for n, size in enumerate(sizes)], config=config)


def pull_size(*images: Image) -> int:
    """Return what images are to pull together, layers that they share once."""
    blobs = {one.diff_id: len(one.blob) for image in images for one in image.layers}
    return sum(blobs.values())


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Pushes to one registry below one path."""

    registry: str
    path: str
    pushed: set[Digest] = field(default_factory=set, repr=False)
    """The manifests that slimgate may have come to know by it."""

    def push(self, content: Image | Index, tag: str = "v1", repository: str = "app") -> str:
        """Push, and return the reference."""
        where = f"{self.path}/{repository}"
        self.pushed.update(one.digest for one in images_of(content))
        Pusher(url=f"http://{self.registry}").push(where, tag, content)
        return f"{self.registry}/{where}:{tag}"

    def reference(self, tag: str = "v1", repository: str = "app") -> str:
        """Return the reference of an image that may not be there."""
        return f"{self.registry}/{self.path}/{repository}:{tag}"

    def noise(self, *sizes: int, tag: str = "v1", repository: str = "app") -> str:
        """Push an image with one layer of each size, and return its reference."""
        return self.push(noisy(*sizes), tag, repository)

    def seen_through(self, registry: str) -> "Shelf":
        """Return the same shelf by another address of its registry."""
        return replace(self, registry=registry)


def images_of(content: Image | Index) -> Sequence[Image]:
    """List the images of an index, or the one that it is."""
    if isinstance(content, Image):
        return [content]
    return [image for one in content.images for image in images_of(one)]


def stacked(base: Image, *layers: Layer, instructions: Sequence[str] = ()) -> Image:
    """Make an image on a base."""
    history = [{"created_by": text} for text in ("ADD rootfs.tar /", *instructions)]
    return image([*base.layers, *layers], history=history)
