"""What all images of a cluster are made of, cut into pieces so that images share whole pieces.

Many nodes hold the same images, so layers are compared once for all nodes and not on each.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from slimgate.core.images.facts import (
    DiffID,
    Digest,
    ImageFacts,
    Platform,
    Size,
)
from slimgate.core.nodes.stored import Contents, Stored, contents_of

MAX_BYTES: Final = 2**62
"""No layer is larger: what claims to be would overflow the counters of those who read sums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownImage:
    """An image with facts: the numbers of its pieces, and names of layers of unknown size.

    Without blobs, `no_tar` are all that are missing.
    """

    facts: ImageFacts
    sizes: Stored
    """What policies measure: what it is to pull, and what it unpacks to, or at least so much."""
    pieces: tuple[int, ...]
    stored: Stored
    """What all its pieces come to."""
    no_blob: frozenset[str]
    no_tar: frozenset[str]


@dataclass(slots=True)
class _Thing:
    """A blob or an unpacked layer: the images that hold it, and what they say of its size."""

    holders: list[int] = field(default_factory=list)
    claims: list[int] = field(default_factory=list)
    known: bool = False
    measured: Size | None = None

    def put(self, holder: int, size: Size) -> None:
        self.holders.append(holder)
        self.claims.append(min(size.least, MAX_BYTES))
        if size.bytes is not None:
            self.known = True
            if size.is_measured:
                self.take(size)

    def take(self, size: Size) -> None:
        """Believe what was measured; of two looks the one that counted files, too."""
        self.known = True
        if self.measured is None or self.measured.on_disk is None:
            self.measured = size

    @property
    def size(self) -> int:
        """Choose what was measured, else what most say, else the least.

        One image's word for a layer is none for another's: containerd does not compare sizes of
        blobs that it already has, so a false one may lie beside a true one.
        """
        if self.measured is not None:
            return min(self.measured.least, MAX_BYTES)
        if len(set(self.claims)) == 1:
            return self.claims[0]
        said = Counter(claim for claim in self.claims if claim)
        return max(said, key=lambda size: (said[size], -size))


class Layout:
    """The pieces of all images, by number: bytes `compressed`, `unpacked`, and as Stored has them.

    `facts` are keyed by what nodes call images by: the digest of a manifest, or of an index, of
    which the image for the node's platform counts.
    """

    def __init__(self, facts: Mapping[Digest, Sequence[ImageFacts]]) -> None:
        self._facts = facts
        distinct = {id(one): one for options in facts.values() for one in options}
        self._numbers = {key: number for number, key in enumerate(distinct)}
        self._by_platform: dict[Platform, Mapping[Digest, KnownImage]] = {}
        self.compressed: list[int] = []
        self.unpacked: list[int] = []
        self.blocks: list[int] = []
        self.loose: list[int] = []
        self._images = self._cut(list(distinct.values()))

    def on(self, platform: Platform) -> Mapping[Digest, KnownImage]:
        """Choose the image that each digest means on a node; digests that mean none are absent."""
        if (known := self._by_platform.get(platform)) is None:
            picked = ((digest, _pick(digest, o, platform)) for digest, o in self._facts.items())
            known = {
                digest: self._images[self._numbers[id(one)]]
                for digest, one in picked
                if one is not None
            }
            self._by_platform[platform] = known
        return known

    def _cut(self, images: Sequence[ImageFacts]) -> list[KnownImage]:
        contents = [contents_of(image) for image in images]
        blobs, tars = _blobs(contents), _tars(contents)
        pieces: dict[tuple[int, ...], int] = {}
        for thing in blobs.values():
            self.compressed[self._piece(pieces, tuple(thing.holders))] += thing.size
        for thing in tars.values():
            self._put_tar(self._piece(pieces, tuple(thing.holders)), thing)
        held: list[list[int]] = [[] for _ in images]
        for holders, number in pieces.items():
            for holder in holders:
                held[holder].append(number)
        return [
            KnownImage(
                facts=image,
                sizes=Stored(
                    compressed=min(image.pull.least, MAX_BYTES),
                    unpacked=min(sum(layer.unpacked.least for layer in image.layers), MAX_BYTES),
                ),
                pieces=tuple(own),
                stored=Stored(
                    compressed=sum(self.compressed[number] for number in own),
                    unpacked=sum(self.unpacked[number] for number in own),
                    blocks=sum(self.blocks[number] for number in own),
                ),
                no_blob=frozenset(has.no_blob.union(d for d in has.blobs if not blobs[d].known)),
                no_tar=frozenset(
                    has.no_tar.union(t.layer for c, t in has.unpacked.items() if not tars[c].known)
                ),
            )
            for image, own, has in zip(images, held, contents, strict=True)
        ]

    def _piece(self, pieces: dict[tuple[int, ...], int], holders: tuple[int, ...]) -> int:
        number = pieces.setdefault(holders, len(pieces))
        if number == len(self.compressed):
            for sizes in (self.compressed, self.unpacked, self.blocks, self.loose):
                sizes.append(0)
        return number

    def _put_tar(self, number: int, thing: _Thing) -> None:
        size, measured = thing.size, thing.measured
        self.unpacked[number] += size
        if measured is None or measured.on_disk is None:
            self.loose[number] += size
        else:
            self.blocks[number] += min(measured.on_disk, MAX_BYTES)


def _blobs(contents: Sequence[Contents]) -> Mapping[str, _Thing]:
    things: defaultdict[str, _Thing] = defaultdict(_Thing)
    for number, has in enumerate(contents):
        for digest, size in has.blobs.items():
            things[digest].put(number, size)
    return things


def _tars(contents: Sequence[Contents]) -> Mapping[str, _Thing]:
    """Put unpacked layers together; a tar that was measured has that length on any parent."""
    things: defaultdict[str, _Thing] = defaultdict(_Thing)
    measured: dict[DiffID, Size] = {}
    elsewhere: dict[str, DiffID] = {}
    for number, has in enumerate(contents):
        for chain, tar in has.unpacked.items():
            thing = things[chain]
            thing.put(number, tar.size)
            elsewhere[chain] = tar.diff_id
            known = measured.get(tar.diff_id)
            if thing.measured is not None and (known is None or known.on_disk is None):
                measured[tar.diff_id] = thing.measured
    for chain, diff_id in elsewhere.items():
        if (size := measured.get(diff_id)) is not None:
            things[chain].take(size)
    return things


def _pick(digest: Digest, options: Sequence[ImageFacts], platform: Platform) -> ImageFacts | None:
    """Choose an index's image; nodes tell no variant, so of several nobody knows which it is."""
    if len(options) == 1 and options[0].digest == digest:
        return options[0]
    fits = [one for one in options if _is_for(one, platform)]
    return fits[0] if len(fits) == 1 else None


def _is_for(image: ImageFacts, platform: Platform) -> bool:
    if image.serves:
        return platform in image.serves
    own = image.platform
    return (own.os, own.architecture) == (platform.os, platform.architecture)
