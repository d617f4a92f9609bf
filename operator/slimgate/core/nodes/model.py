"""Makes the disk models of nodes, one by one: a model is large, and most of it is soon added up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from slimgate.core.images.facts import Digest, ImageFacts
from slimgate.core.nodes.disk import ImageDisk, NodeDisk, Parts
from slimgate.core.nodes.held import MAX_IMAGES, HeldImage, PodUses, Sharing, held_on
from slimgate.core.nodes.layout import KnownImage, Layout
from slimgate.core.nodes.node import Node, NodePod, Runtime, WorkloadName
from slimgate.core.nodes.owners import Piece, Weights, attribute, users_of
from slimgate.core.nodes.scale import Scale
from slimgate.core.nodes.stored import NOTHING, Stored
from slimgate.core.nodes.summary import ImageFs

LIST_LIMIT: Final = 50
"""The kubelet's default `nodeStatusMaxImages`: a list of this length was cut."""

_NOBODY: Final[Mapping[tuple[WorkloadName, str], int]] = {}

Facts = Mapping[Digest, Sequence[ImageFacts]]


def node_disk(
    node: Node,
    pods: Iterable[NodePod],
    facts: Facts,
    *,
    image_fs: ImageFs | None = None,
    list_limit: int = LIST_LIMIT,
) -> NodeDisk:
    """Model a single node from the pods on it and the facts of its images."""
    uses = Sharing().of(pods)
    return model(node, uses, Layout(facts), image_fs=image_fs, list_limit=list_limit)


_Known = tuple[KnownImage, ...]
"""What is known of one image on a node, under all its digests."""


def model(
    node: Node,
    uses: PodUses,
    layout: Layout,
    *,
    image_fs: ImageFs | None = None,
    list_limit: int = LIST_LIMIT,
) -> NodeDisk:
    """Model a node from who uses what on it, and what its kubelet measured.

    `layout` is that of all images. `list_limit` is the kubelets', -1 where they have none.
    """
    image_fs, held = _usable(image_fs, node.runtime), held_on(node, uses)
    known = _look_up(layout.on(node.platform), held)
    pieces = _cut(node.runtime, known, layout)
    using = users_of(pieces, held)
    without = [_unknown(one, blobs=node.runtime.keeps_blobs) for one in known]
    parts = _parts(pieces, held)
    modelled = Stored(
        unpacked=parts.total.unpacked,
        blocks=sum(piece.blocks for piece in pieces),
        loose=sum(piece.loose for piece in pieces),
    )
    listed = len(node.images)
    truncated = listed >= list_limit > 0 or (bool(held) and not listed) or listed > MAX_IMAGES
    complete = not truncated and all(known) and not any(without)
    scale = Scale.to(modelled, _snapshots(image_fs, node.runtime), complete=complete)
    tiers = [one[0].facts.base.tier if one else None for one in known]
    return NodeDisk(
        node=node.name,
        runtime=node.runtime,
        parts=parts,
        namespaces=attribute(pieces, held, using),
        images=_images(held, known, pieces, [len(names) for names in without]),
        pieces=pieces,
        owners=Weights(pieces, held, using).owners(tiers, scale),
        scale=scale,
        truncated=truncated,
        unknown_layers=len(frozenset[str]().union(*without)),
        image_fs=image_fs,
        blobs=layout.compressed,
    )


def _look_up(known: Mapping[Digest, KnownImage], held: Sequence[HeldImage]) -> list[_Known]:
    return [tuple(known[digest] for digest in image.digests if digest in known) for image in held]


def _cut(runtime: Runtime, known: Sequence[_Known], layout: Layout) -> tuple[Piece, ...]:
    """Put pieces together that just the same images of the node hold."""
    keeps = runtime.keeps_blobs
    holders: dict[int, list[int]] = {}
    for place, one in enumerate(known):
        numbers = one[0].pieces if len(one) == 1 else {n for image in one for n in image.pieces}
        for number in numbers:
            if number in holders:
                holders[number].append(place)
            else:
                holders[number] = [place]
    groups: dict[tuple[int, ...], list[int]] = {}
    for number, places in holders.items():
        sums = groups.setdefault(tuple(places), [0, 0, 0, 0])
        sums[0] += layout.compressed[number] if keeps else 0
        sums[1] += layout.unpacked[number]
        sums[2] += layout.blocks[number]
        sums[3] += layout.loose[number]
    return tuple(
        Piece(holders=places, compressed=sums[0], unpacked=sums[1], blocks=sums[2], loose=sums[3])
        for places, sums in groups.items()
        if any(sums)
    )


def _unknown(known: _Known, *, blobs: bool) -> frozenset[str]:
    """Name the layers that the runtime stores and nobody knows the size of."""
    sets = [one.no_tar | one.no_blob if blobs else one.no_tar for one in known]
    return sets[0] if len(sets) == 1 else frozenset[str]().union(*sets)


def _images(
    held: Sequence[HeldImage],
    known: Sequence[_Known],
    pieces: Sequence[Piece],
    unknown: Sequence[int],
) -> tuple[ImageDisk, ...]:
    own, whole = [NOTHING] * len(held), [[0, 0, 0, 0] for _ in held]
    for piece in pieces:
        if len(piece.holders) == 1:
            own[piece.holders[0]] = piece.stored
        for place in piece.holders:
            sums = whole[place]
            sums[0] += piece.compressed
            sums[1] += piece.unpacked
            sums[2] += piece.blocks
            sums[3] += piece.loose
    return tuple(
        _image(image, one[0] if one else None, own[place], whole[place], missing)
        for place, (image, one, missing) in enumerate(zip(held, known, unknown, strict=True))
    )


def _image(
    image: HeldImage, known: KnownImage | None, own: Stored, whole: Sequence[int], missing: int
) -> ImageDisk:
    called = image.digests[0] if image.digests else None
    together = Stored(compressed=whole[0], unpacked=whole[1], blocks=whole[2], loose=whole[3])
    return ImageDisk(
        names=image.names,
        digest=called if known is None or known.facts.digest is None else known.facts.digest,
        listed=image.listed,
        known=known is not None,
        pinned=image.pinned,
        uses=image.uses or _NOBODY,
        reported=image.reported,
        own=own,
        whole=own if together == own else together,
        pull=0 if known is None else known.sizes.compressed,
        unpacked=0 if known is None else known.sizes.unpacked,
        tier=None if known is None else known.facts.base.tier,
        base=None if known is None else known.facts.base.name,
        pieces=() if known is None else known.pieces,
        unknown_layers=missing,
    )


def _parts(pieces: Sequence[Piece], held: Sequence[HeldImage]) -> Parts:
    sums = {"unused": [0, 0], "exclusive": [0, 0], "shared": [0, 0]}
    kept = {place for place, image in enumerate(held) if image.kept}
    for piece in pieces:
        shared = "shared" if len(piece.holders) > 1 else "exclusive"
        pair = sums["unused" if kept.isdisjoint(piece.holders) else shared]
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
