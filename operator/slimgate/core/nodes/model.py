"""Makes the disk model of a node."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from slimgate.core.images.facts import Digest, ImageFacts
from slimgate.core.images.tier import Tier
from slimgate.core.nodes.disk import ImageDisk, NodeDisk, Parts
from slimgate.core.nodes.held import MAX_IMAGES, HeldImage, held_on
from slimgate.core.nodes.layout import KnownImage, Layout
from slimgate.core.nodes.node import Node, NodePod, Runtime
from slimgate.core.nodes.owners import Ownership, Piece, attribute, owners_of, users_of
from slimgate.core.nodes.scale import Scale
from slimgate.core.nodes.stored import NOTHING, Stored
from slimgate.core.nodes.summary import ImageFs

LIST_LIMIT: Final = 50
"""The kubelet's default `nodeStatusMaxImages`: a list of this length was cut."""


def node_disk(
    node: Node,
    pods: Sequence[NodePod],
    facts: Mapping[Digest, Sequence[ImageFacts]] | Layout,
    *,
    image_fs: ImageFs | None = None,
    list_limit: int = LIST_LIMIT,
) -> NodeDisk:
    """Model a node from the pods on it and the facts of its images.

    A `Layout` made of the facts serves for all nodes of a cluster. `list_limit` is the kubelet's,
    -1 where it has none.
    """
    layout = facts if isinstance(facts, Layout) else Layout(facts)
    held = held_on(node, pods)
    listed = len(node.images)
    cut = listed >= list_limit > 0 or (bool(held) and not listed)
    return _Model(node, held, layout).disk(
        truncated=cut or listed > MAX_IMAGES, image_fs=_usable(image_fs, node.runtime)
    )


class _Model:
    """The images of one node, and the pieces of which they are made."""

    def __init__(self, node: Node, held: Sequence[HeldImage], layout: Layout) -> None:
        self._node = node
        self._held = held
        on_platform = layout.on(node.platform)
        self._known = [
            [one for digest in image.digests if (one := on_platform.get(digest)) is not None]
            for image in held
        ]
        self._pieces = self._cut(layout)

    def _cut(self, layout: Layout) -> tuple[Piece, ...]:
        """Put pieces together that just the same images of the node hold."""
        holders: dict[int, list[int]] = {}
        for place, known in enumerate(self._known):
            numbers = (
                known[0].pieces if len(known) == 1 else {n for one in known for n in one.pieces}
            )
            for number in numbers:
                holders.setdefault(number, []).append(place)
        groups: dict[tuple[int, ...], list[int]] = {}
        for number, places in holders.items():
            pair = groups.setdefault(tuple(places), [0, 0])
            pair[0] += layout.compressed[number]
            pair[1] += layout.unpacked[number]
        keeps = self._node.runtime.keeps_blobs
        return tuple(
            Piece(holders=places, compressed=compressed if keeps else 0, unpacked=unpacked)
            for places, (compressed, unpacked) in groups.items()
            if unpacked or (compressed and keeps)
        )

    def disk(self, *, truncated: bool, image_fs: ImageFs | None) -> NodeDisk:
        """Make the model of the node."""
        users = users_of(self._pieces, self._held)
        parts = _parts(self._pieces, self._held)
        without = [self._unknown(known) for known in self._known]
        missing = len(frozenset[str]().union(*without))
        complete = not (truncated or missing) and all(self._known)
        measured = _snapshots(image_fs, self._node.runtime)
        scale = Scale.of(parts.total.unpacked, measured, complete=complete)
        tiers = [known[0].facts.base.tier if known else None for known in self._known]
        owners = owners_of(self._pieces, self._held, users, tiers, scale)
        return NodeDisk(
            node=self._node.name,
            runtime=self._node.runtime,
            parts=parts,
            namespaces=attribute(self._pieces, self._held, users),
            images=tuple(self._images(owners, tiers, [len(names) for names in without])),
            pieces=self._pieces,
            owners=owners,
            scale=scale,
            truncated=truncated,
            unknown_layers=missing,
            image_fs=image_fs,
        )

    def _unknown(self, known: Sequence[KnownImage]) -> frozenset[str]:
        found = frozenset[str]()
        for one in known:
            found |= one.no_tar
            if self._node.runtime.keeps_blobs:
                found |= one.no_blob
        return found

    def _images(
        self, owners: Ownership, tiers: Sequence[Tier | None], unknown: Sequence[int]
    ) -> Iterator[ImageDisk]:
        own, whole = [NOTHING] * len(self._held), [[0, 0] for _ in self._held]
        for piece in self._pieces:
            if len(piece.holders) == 1:
                own[piece.holders[0]] = piece.stored
            for place in piece.holders:
                whole[place][0] += piece.compressed
                whole[place][1] += piece.unpacked
        for place, image in enumerate(self._held):
            known = self._known[place]
            digests = [known[0].facts.digest if known else None, *image.digests, None]
            compressed, unpacked = whole[place]
            sizes = known[0].sizes if known else NOTHING
            yield ImageDisk(
                names=image.names,
                digest=next((d for d in digests if d is not None), None),
                listed=image.listed,
                known=bool(known),
                pinned=image.pinned,
                uses=image.uses,
                reported=image.reported,
                own=own[place],
                whole=Stored(compressed=compressed, unpacked=unpacked),
                share=owners.images[place],
                pull=sizes.compressed,
                unpacked=sizes.unpacked,
                tier=tiers[place],
                unknown_layers=unknown[place],
            )


def _parts(pieces: Sequence[Piece], held: Sequence[HeldImage]) -> Parts:
    sums = {"unused": [0, 0], "exclusive": [0, 0], "shared": [0, 0]}
    for piece in pieces:
        if not any(held[place].kept for place in piece.holders):
            pair = sums["unused"]
        else:
            pair = sums["exclusive" if len(piece.holders) == 1 else "shared"]
        pair[0] += piece.compressed
        pair[1] += piece.unpacked
    return Parts(**{name: Stored(compressed=c, unpacked=u) for name, (c, u) in sums.items()})


def _snapshots(image_fs: ImageFs | None, runtime: Runtime) -> int | None:
    """Tell what unpacked layers were measured to take; None where the figure is of something else.

    containerd counts what containers write with them, which the kubelet tells by itself.
    """
    if image_fs is None or image_fs.used is None or not runtime.keeps_blobs:
        return None
    return max(image_fs.used - (image_fs.writable or 0), 0)


def _usable(image_fs: ImageFs | None, runtime: Runtime) -> ImageFs | None:
    if image_fs is None or runtime.counts_layers:
        return image_fs
    return replace(image_fs, used=None)
