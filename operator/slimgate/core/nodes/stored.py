"""What lies on a node's disk, each thing once, and which images hold it.

A blob is stored by its layer's digest, an unpacked layer by its chainID: the same layer on
another parent is stored twice. What is not known is left out and counted as such.
https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-chainid
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from slimgate.core.images.facts import DiffID, ImageFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Bytes on a node's disk: layers `compressed`, as they were pulled, and `unpacked`."""

    compressed: int = 0
    unpacked: int = 0

    @property
    def disk(self) -> int:
        """Both together: each takes a place of its own."""
        return self.compressed + self.unpacked

    def __add__(self, other: "Stored") -> "Stored":
        return Stored(
            compressed=self.compressed + other.compressed, unpacked=self.unpacked + other.unpacked
        )


NOTHING: Final = Stored()

Groups = Mapping[frozenset[int], Stored]
"""By the places of the images that hold them, the bytes that just these images hold together."""


def chain_ids(diff_ids: Iterable[DiffID]) -> Iterator[str]:
    """Yield the name of each layer on its parents, by which snapshotters store it."""
    chain = ""
    for diff_id in diff_ids:
        text = f"{chain} {diff_id}"
        chain = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" if chain else diff_id
        yield chain


@dataclass(frozen=True, slots=True)
class _Pile:
    """Things of one kind: their sizes, and the places of the images that hold them."""

    sizes: dict[str, int] = field(default_factory=dict)
    holders: dict[str, set[int]] = field(default_factory=dict)

    def put(self, place: int, key: str, size: int) -> None:
        self.sizes.setdefault(key, size)
        self.holders.setdefault(key, set()).add(place)

    def items(self) -> Iterator[tuple[frozenset[int], int]]:
        for key, size in self.sizes.items():
            yield frozenset(self.holders[key]), size


class DiskContents:
    """Takes images, each at its place in a list, and groups their bytes by who holds them."""

    def __init__(self, *, keeps_blobs: bool) -> None:
        self._keeps_blobs = keeps_blobs
        self._blobs = _Pile()
        self._unpacked = _Pile()
        self._unknown: set[str] = set()

    @property
    def unknown_layers(self) -> int:
        """Layers of which a size, or the place in the chain, is not known."""
        return len(self._unknown)

    def put(self, place: int, image: ImageFacts) -> None:
        """Take an image; several at one place are one image under several digests."""
        known_ids: list[DiffID] = []
        for layer in image.layers:
            if layer.diff_id is None:
                break
            known_ids.append(layer.diff_id)
        chains: list[str | None] = [*chain_ids(known_ids)]
        chains += [None] * (len(image.layers) - len(chains))
        for number, (layer, chain) in enumerate(zip(image.layers, chains, strict=True)):
            name = layer.digest or f"{image.digest} {number}"
            if self._keeps_blobs:
                self._hold(self._blobs, place, layer.digest, layer.pull.bytes, name)
            self._hold(self._unpacked, place, chain, layer.unpacked.bytes, name)

    def _hold(self, pile: _Pile, place: int, key: str | None, size: int | None, name: str) -> None:
        if key is None or size is None:
            self._unknown.add(name)
        else:
            pile.put(place, key, size)

    def groups(self) -> Groups:
        """Return all bytes, in disjoint groups."""
        groups: dict[frozenset[int], Stored] = {}
        for holders, size in self._blobs.items():
            groups[holders] = groups.get(holders, NOTHING) + Stored(compressed=size)
        for holders, size in self._unpacked.items():
            groups[holders] = groups.get(holders, NOTHING) + Stored(unpacked=size)
        return groups
