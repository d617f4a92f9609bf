"""What one image has on a node's disk, and under which names it is stored there.

A blob is stored by its layer's digest, an unpacked layer by its chainID: the same layer on
another parent is stored twice. What is not known is left out, but for what it is at least, and
counted as such.
https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-chainid
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from slimgate.core.images.facts import DiffID, ImageFacts, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Bytes on a node's disk: layers `compressed`, as they were pulled, and `unpacked`.

    Of the unpacked ones `blocks` is what they take in whole blocks where that was counted, and
    `loose` is the rest, as long as its tars.
    """

    compressed: int = 0
    unpacked: int = 0
    blocks: int = field(default=0, compare=False)
    loose: int = field(default=0, compare=False)

    @property
    def disk(self) -> int:
        """Both together: each takes a place of its own."""
        return self.compressed + self.unpacked

    def __add__(self, other: "Stored") -> "Stored":
        return Stored(
            compressed=self.compressed + other.compressed, unpacked=self.unpacked + other.unpacked
        )

    def __sub__(self, other: "Stored") -> "Stored":
        return Stored(
            compressed=self.compressed - other.compressed, unpacked=self.unpacked - other.unpacked
        )


NOTHING: Final = Stored()


def chain_ids(diff_ids: Iterable[DiffID]) -> Iterator[str]:
    """Yield the name of each layer on its parents, by which snapshotters store it."""
    chain = ""
    for diff_id in diff_ids:
        text = f"{chain} {diff_id}"
        chain = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" if chain else diff_id
        yield chain


@dataclass(frozen=True, slots=True)
class Tar:
    """An unpacked layer: what its image says of it, and what the layer is called in counts."""

    layer: str
    diff_id: DiffID
    size: Size


@dataclass(frozen=True, slots=True)
class Contents:
    """What one image stores: blobs by digest, and unpacked layers by chainID.

    `no_blob` and `no_tar` name its layers that nobody can tell the place of.
    """

    blobs: dict[str, Size] = field(default_factory=dict)
    unpacked: dict[str, Tar] = field(default_factory=dict)
    no_blob: set[str] = field(default_factory=set)
    no_tar: set[str] = field(default_factory=set)


def contents_of(image: ImageFacts) -> Contents:
    """Tell what an image stores; above a layer without diffID nobody knows the chainIDs."""
    known_ids: list[DiffID] = []
    for layer in image.layers:
        if layer.diff_id is None:
            break
        known_ids.append(layer.diff_id)
    chains = list(chain_ids(known_ids))
    found = Contents()
    for number, layer in enumerate(image.layers):
        name = layer.digest or layer.diff_id or f"{image.digest} {number}"
        if layer.digest is None:
            found.no_blob.add(name)
        else:
            found.blobs[layer.digest] = layer.pull
        if number < len(chains):
            found.unpacked[chains[number]] = Tar(name, known_ids[number], layer.unpacked)
        else:
            found.no_tar.add(name)
    return found
