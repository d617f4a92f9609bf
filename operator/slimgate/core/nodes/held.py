"""Which images are on a node, and who uses each."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from slimgate.core.images.facts import Digest
from slimgate.core.nodes.node import (
    Node,
    NodeImage,
    NodePod,
    PodImage,
    WorkloadName,
    digest_in,
    name_key,
)

MAX_IMAGES: Final = 2_000
"""Images of one node that are looked at: a guess far above what kubelets list."""

_SANDBOX: Final = re.compile(r"(?:^|/)(?:mirrored-)?pause(?:-[a-z0-9]+)?(?=[:@]|$)")
_SANDBOX_BYTES: Final = 2 * 2**20
"""A sandbox image is smaller, so that no other hides much by its name."""


PodUse = tuple[WorkloadName, PodImage]
"""Who runs an image, as its pods tell of it."""

PodUses = Mapping[PodUse, int]
"""Containers on one node: all that is kept of its pods."""


class Sharing:
    """Counts pods' images, and has the same use on many nodes be one object."""

    def __init__(self) -> None:
        self._uses: dict[PodUse, PodUse] = {}

    def __iter__(self) -> Iterator[PodUse]:
        """Yield each use once."""
        return iter(self._uses)

    def of(self, pods: Iterable[NodePod]) -> PodUses:
        """Count the images of a node's pods."""
        found: dict[PodUse, int] = {}
        for pod in pods:
            workload = pod.workload
            for image in pod.images:
                use = workload, image
                use = self._uses.setdefault(use, use)
                found[use] = found.get(use, 0) + 1
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldImage:
    """An image on the node: `uses` are the workloads that run it, each with what it calls it.

    `pinned` is the sandbox's image, which every pod needs and no pod names: runtimes pin it, and
    a node's status does not tell.
    """

    names: tuple[str, ...]
    digests: tuple[Digest, ...]
    reported: int = 0
    listed: bool = True
    pinned: bool = False
    uses: dict[tuple[WorkloadName, str], int] = field(default_factory=dict)
    """Containers by workload and reference."""

    @property
    def kept(self) -> bool:
        """Whether removing what is unused leaves it."""
        return self.pinned or bool(self.uses)


def held_on(node: Node, uses: PodUses) -> list[HeldImage]:
    """List the images of the node's status, and those that only its pods tell of.

    A status lists the largest only, fifty unless the kubelet is told otherwise, so pods complete
    it: what a container was started from is there, whatever is listed.
    """
    held = [
        HeldImage(
            names=image.names,
            digests=image.digests,
            reported=image.reported,
            pinned=image.reported <= _SANDBOX_BYTES and any(map(_SANDBOX.search, image.names)),
        )
        for image in node.images[:MAX_IMAGES]
    ]
    by_digest = {digest: image for image in held for digest in image.digests}
    by_name = _Names(held)
    for (workload, use), containers in uses.items():
        image = _used(use, by_digest, by_name)
        if image is None and use.image_id and len(held) < MAX_IMAGES:
            image = _unlisted(use)
            by_digest.update(dict.fromkeys(image.digests, image))
            by_name.put(use.reference, image)
            held.append(image)
        if image is not None:
            key = workload, use.reference
            image.uses[key] = image.uses.get(key, 0) + containers
    return held


def wanted_facts(images: Iterable[NodeImage], uses: Iterable[PodUse]) -> Mapping[Digest, str]:
    """Name the digests that facts are wanted for, each with a reference that it can be had by."""
    wanted: dict[Digest, str] = {}
    for name in (name for image in images if image.digests for name in image.names):
        if digest := digest_in(name):
            wanted.setdefault(digest, name)
    for _, use in uses:
        if use.digest is not None:
            wanted.setdefault(use.digest, use.image_id)
    return wanted


def _unlisted(use: PodImage) -> HeldImage:
    if use.digest is None:
        return HeldImage(names=(use.reference,), digests=(), listed=False)
    return HeldImage(names=(use.image_id,), digests=(use.digest,), listed=False)


class _Names:
    """Finds images by name; reading names is the dear part, and mostly not needed."""

    def __init__(self, held: Sequence[HeldImage]) -> None:
        self._held = held
        self._by_key: dict[str | None, HeldImage] | None = None

    def get(self, reference: str) -> HeldImage | None:
        if self._by_key is None:
            self._by_key = {name_key(name): image for image in self._held for name in image.names}
            self._by_key.pop(None, None)
        return self._by_key.get(name_key(reference))

    def put(self, reference: str, image: HeldImage) -> None:
        if self._by_key is not None and (key := name_key(reference)) is not None:
            self._by_key.setdefault(key, image)


def _used(
    use: PodImage, by_digest: Mapping[Digest, HeldImage], by_name: _Names
) -> HeldImage | None:
    """Find the image that a pod uses; its tag may have moved, so a digest is the better word."""
    if use.digest is not None:
        return by_digest.get(use.digest)
    return by_name.get(use.reference)
