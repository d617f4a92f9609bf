"""Where images lie and whose they are, added up node by node; images are by `image_key`."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.fleet import image_key
from slimgate.core.nodes.node import WorkloadName

LARGEST: Final = 10
"""Nodes that are remembered of an image, those on which most of it is: a guess."""

NOBODY: Final = ("", "")
"""Stands for kind and name of all workloads that are not told apart."""

ImageUse = tuple[WorkloadName, str]


class UseSum:
    """Adds up shares of disks: each workload's of each image, and the largest nodes of each."""

    def __init__(self) -> None:
        self._uses: dict[ImageUse, int] = {}
        self._nodes: dict[str, list[tuple[int, str]]] = {}

    def add(self, disk: NodeDisk) -> None:
        """Add a node."""
        keys = [image_key(image) for image in disk.images]
        for key, share in zip(keys, disk.owners.images, strict=True):
            largest = self._nodes.setdefault(key, [])
            if len(largest) < LARGEST:
                heapq.heappush(largest, (share.disk, disk.node))
            elif share.disk > largest[0][0]:
                heapq.heapreplace(largest, (share.disk, disk.node))
        for workload, place, share in disk.owners.uses:
            use = workload, keys[place]
            self._uses[use] = self._uses.get(use, 0) + share.disk

    def uses(self) -> Mapping[ImageUse, int]:
        """Give the largest of each namespace, and its others as those of NOBODY: all that is used.

        There may be as many as pods, so no more are kept than anybody shows.
        """
        by_namespace: dict[str, list[tuple[int, ImageUse]]] = {}
        for use, size in self._uses.items():
            by_namespace.setdefault(use[0][0], []).append((size, use))
        found: dict[ImageUse, int] = {}
        for namespace, sizes in by_namespace.items():
            largest = heapq.nlargest(LARGEST, sizes)
            found |= {use: size for size, use in largest}
            rest = sum(size for size, _ in sizes) - sum(size for size, _ in largest)
            if len(sizes) > len(largest):
                found[(namespace, *NOBODY), ""] = rest
        return found

    def nodes(self) -> Mapping[str, Sequence[tuple[int, str]]]:
        """Give the nodes that have most of each image, and how much."""
        return self._nodes


class UniqueSum:
    """Finds what all images that a namespace uses unpack to, each layer once for all nodes."""

    def __init__(self) -> None:
        self._pieces: dict[str, set[int]] = {}
        self._seen: set[tuple[str, tuple[int, ...]]] = set()

    def add(self, disk: NodeDisk) -> None:
        """Add a node."""
        for image in disk.images:
            for namespace in image.namespaces:
                if (key := (namespace, image.pieces)) not in self._seen:
                    self._seen.add(key)
                    self._pieces.setdefault(namespace, set()).update(image.pieces)

    def sizes(self, unpacked: Sequence[int]) -> Mapping[str, int]:
        """Give it by namespace; `unpacked` are the sizes of pieces by their numbers."""
        return dict(self._sizes(unpacked))

    def _sizes(self, unpacked: Sequence[int]) -> Iterator[tuple[str, int]]:
        for name, numbers in self._pieces.items():
            if numbers:
                yield name, sum(unpacked[number] for number in numbers)
