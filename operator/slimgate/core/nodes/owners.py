"""Whose the bytes of a node's images are: disjoint parts, and everybody's fair share.

What several use is divided among them in equal parts: among the namespaces first, then in each
among its workloads, so that nobody's share depends on how others cut up their workloads. Removing
what is unused frees what only unused images hold, so they have no share of anything else.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from slimgate.core.images.tier import Tier
from slimgate.core.nodes.held import HeldImage
from slimgate.core.nodes.node import WorkloadName
from slimgate.core.nodes.scale import Scale
from slimgate.core.nodes.shares import UNIT, apportion
from slimgate.core.nodes.stored import NOTHING, Stored

K = TypeVar("K", bound=Hashable)

_NODE: Final = ("", "", "")
"""Stands for the node itself, which needs pinned images, among workloads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes that just these images hold together; `holders` are their places in a list."""

    holders: tuple[int, ...]
    compressed: int
    unpacked: int
    blocks: int
    loose: int

    @property
    def stored(self) -> Stored:
        """All of them."""
        return Stored(
            compressed=self.compressed,
            unpacked=self.unpacked,
            blocks=self.blocks,
            loose=self.loose,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution(Generic[K]):
    """Disjoint parts by user: what one alone uses, what several share, what nobody uses.

    `whole` is all that a user uses, what it shares too, so these overlap. `pinned` is what the
    node keeps for itself.
    """

    own: Mapping[K, Stored]
    whole: Mapping[K, Stored]
    shared: Stored
    pinned: Stored
    unused: Stored

    @property
    def total(self) -> Stored:
        """The sum of all parts."""
        return sum(self.own.values(), self.shared + self.pinned + self.unused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Everybody's fair share of all bytes, scaled to what was measured; sums are exact.

    `uses` are what each workload's share has of each of its images, by their places. Workloads'
    shares are the sums of these, and namespaces' of their workloads'. They, what is `pinned`,
    `unused` and `unexplained` are the total; so are the images' shares, or the tiers', and what is
    unexplained.
    """

    uses: Sequence[tuple[WorkloadName, int, Stored]]
    namespaces: Mapping[str, Stored]
    images: Sequence[Stored]
    tiers: Mapping[Tier | None, Stored]
    pinned: Stored
    unused: Stored
    unexplained: int

    @property
    def workloads(self) -> Mapping[WorkloadName, Stored]:
        """Each workload's share."""
        return total_by((name, stored) for name, _, stored in self.uses)

    def images_of(self, namespace: str) -> Mapping[int, Stored]:
        """Divide a namespace's share among its images that anything is known of, by places."""
        return total_by((place, one) for name, place, one in self.uses if name[0] == namespace)

    @property
    def total(self) -> Stored:
        """All that there is."""
        known = sum(self.namespaces.values(), self.pinned + self.unused)
        return known + Stored(unpacked=self.unexplained)


Users = Mapping[str, frozenset[WorkloadName]]
"""The workloads that use something, by namespace; empty for what nobody uses."""


def users_of(pieces: Sequence[Piece], held: Sequence[HeldImage]) -> list[Users]:
    """Tell who uses each piece: whoever uses one of the images that hold it."""
    by_image = [_by_namespace(image) for image in held]
    return [
        by_image[piece.holders[0]]
        if len(piece.holders) == 1
        else _together(by_image[place] for place in piece.holders)
        for piece in pieces
    ]


def _by_namespace(image: HeldImage) -> Users:
    names: dict[str, set[WorkloadName]] = {}
    for workload, _ in image.uses:
        names.setdefault(workload[0], set()).add(workload)
    return {namespace: frozenset(workloads) for namespace, workloads in names.items()}


def _users(image: HeldImage) -> Collection[WorkloadName]:
    """List those who use an image; the node itself needs a pinned one."""
    return dict.fromkeys([*(name for name, _ in image.uses), *([_NODE] if image.pinned else [])])


def _together(several: Iterable[Users]) -> Users:
    found: dict[str, frozenset[WorkloadName]] = {}
    for users in several:
        for namespace, workloads in users.items():
            known = found.get(namespace)
            found[namespace] = workloads if known is None else known | workloads
    return found


def attribute(
    pieces: Sequence[Piece], held: Sequence[HeldImage], names: Iterable[Collection[K]]
) -> Attribution[K]:
    """Part the pieces by the names of those that use each."""
    own: dict[K, list[int]] = {}
    whole: dict[K, list[int]] = {}
    shared, pinned, unused = [0, 0], [0, 0], [0, 0]
    for piece, using in zip(pieces, names, strict=True):
        compressed, unpacked = piece.compressed, piece.unpacked
        alone = len(using) == 1
        for name in using:
            for sums in (whole, own) if alone else (whole,):
                pair = sums.setdefault(name, [0, 0])
                pair[0] += compressed
                pair[1] += unpacked
        if not alone:
            kept = any(held[place].pinned for place in piece.holders)
            pair = shared if using else pinned if kept else unused
            pair[0] += compressed
            pair[1] += unpacked
    return Attribution(
        own={name: _stored(pair) for name, pair in own.items()},
        whole={name: _stored(pair) for name, pair in whole.items()},
        shared=_stored(shared),
        pinned=_stored(pinned),
        unused=_stored(unused),
    )


class Weights:
    """What everybody's fair share of a node's pieces is, before it is scaled."""

    def __init__(
        self, pieces: Sequence[Piece], held: Sequence[HeldImage], users: Sequence[Users]
    ) -> None:
        self._kept = [image.kept for image in held]
        places: dict[WorkloadName, list[int]] = {}
        for place, image in enumerate(held):
            for name in _users(image):
                places.setdefault(name, []).append(place)
        # Each workload's uses follow one another, so that its whole is within a byte, too.
        self._of_uses = {(name, place): [0, 0, 0] for name, its in places.items() for place in its}
        self._of_images = [[0, 0, 0] for _ in held]
        self._in_use, self._unused = [0, 0, 0], [0, 0, 0]
        pinned = {place for place, image in enumerate(held) if image.pinned}
        for piece, using in zip(pieces, users, strict=True):
            spaces: list[Collection[WorkloadName]] = list(using.values())
            if not pinned.isdisjoint(piece.holders):
                spaces.append((_NODE,))
            sums = self._in_use if spaces else self._unused
            sums[0] += piece.compressed
            sums[1] += piece.blocks
            sums[2] += piece.loose
            self._give_users(piece, spaces, places)
            self._give_images(piece)

    def _give_users(
        self,
        piece: Piece,
        spaces: Collection[Collection[WorkloadName]],
        places: Mapping[WorkloadName, Sequence[int]],
    ) -> None:
        for workloads in spaces:
            for workload in workloads:
                its = [place for place in places[workload] if place in piece.holders]
                parts = len(spaces) * len(workloads) * len(its)
                compressed = piece.compressed * UNIT // parts
                blocks, loose = piece.blocks * UNIT // parts, piece.loose * UNIT // parts
                for place in its:
                    sums = self._of_uses[workload, place]
                    sums[0] += compressed
                    sums[1] += blocks
                    sums[2] += loose

    def _give_images(self, piece: Piece) -> None:
        holders = piece.holders
        if len(holders) > 1:
            # An unused image has no part of what others use: its removal frees nothing of it.
            holders = tuple(place for place in holders if self._kept[place]) or holders
        compressed = piece.compressed * UNIT // len(holders)
        blocks, loose = piece.blocks * UNIT // len(holders), piece.loose * UNIT // len(holders)
        for place in holders:
            sums = self._of_images[place]
            sums[0] += compressed
            sums[1] += blocks
            sums[2] += loose

    def owners(self, tiers: Sequence[Tier | None], scale: Scale) -> Ownership:
        """Divide what is shown, so that all parts add up to it."""
        parts = {True: self._in_use, False: self._unused}
        shown = apportion({k: scale.weight(s[1], s[2]) for k, s in parts.items()}, scale.shown)
        in_use = Stored(compressed=self._in_use[0], unpacked=shown[True])
        unused = Stored(compressed=self._unused[0], unpacked=shown[False])
        known = {use: sums for use, sums in self._of_uses.items() if any(sums)}
        uses = [(name, p, share) for (name, p), share in _divide(known, in_use, scale).items()]
        places = range(len(self._kept))
        of_images = {
            **_divide({n: self._of_images[n] for n in places if self._kept[n]}, in_use, scale),
            **_divide({n: self._of_images[n] for n in places if not self._kept[n]}, unused, scale),
        }
        images = [of_images[place] for place in places]
        return Ownership(
            uses=[use for use in uses if use[0] is not _NODE],
            namespaces=total_by((name[0], one) for name, _, one in uses if name is not _NODE),
            images=images,
            tiers=total_by(zip(tiers, images, strict=True)),
            pinned=sum((share for name, _, share in uses if name is _NODE), NOTHING),
            unused=unused,
            unexplained=scale.unexplained,
        )


def _divide(weights: Mapping[K, Sequence[int]], total: Stored, scale: Scale) -> dict[K, Stored]:
    compressed = apportion({key: sums[0] for key, sums in weights.items()}, total.compressed)
    unpacked = apportion(
        {key: scale.weight(sums[1], sums[2]) for key, sums in weights.items()}, total.unpacked
    )
    return {key: Stored(compressed=compressed[key], unpacked=unpacked[key]) for key in weights}


class Sums(Generic[K]):
    """Adds up what has the same key, bit by bit."""

    def __init__(self) -> None:
        self._pairs: dict[K, list[int]] = {}

    def add(self, parts: Iterable[tuple[K, Stored]]) -> None:
        """Add some more."""
        pairs = self._pairs
        for key, stored in parts:
            pair = pairs.get(key)
            if pair is None:
                pairs[key] = [stored.compressed, stored.unpacked]
            else:
                pair[0] += stored.compressed
                pair[1] += stored.unpacked

    def stored(self) -> dict[K, Stored]:
        """Give the sums."""
        return {key: _stored(pair) for key, pair in self._pairs.items()}


def total_by(parts: Iterable[tuple[K, Stored]]) -> dict[K, Stored]:
    """Add up what has the same key."""
    sums: Sums[K] = Sums()
    sums.add(parts)
    return sums.stored()


def _stored(pair: Sequence[int]) -> Stored:
    return Stored(compressed=pair[0], unpacked=pair[1])
