"""What would be won on a node if every image were at its limit.

An image that is above a limit by a third must lose a third of what it is to pull and of what it
unpacks to, layer by layer: which of them it would lose nobody knows. A layer is won only as far as
all that use it must shrink, since the others go on holding it. What is unused is not counted: it
can be removed altogether.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeVar

from slimgate.core.nodes.disk import ImageDisk, NodeDisk
from slimgate.core.nodes.fleet import Fleet, image_key
from slimgate.core.nodes.node import WorkloadName
from slimgate.core.nodes.owners import Sums, total_by
from slimgate.core.nodes.shares import apportion
from slimgate.core.nodes.stored import NOTHING, Stored

K = TypeVar("K", bound=Hashable)

_NONE: Final = Fraction(0)
ALL: Final = ""
"""Stands for all policies together; none is called so."""

Use = tuple[WorkloadName, str]
"""Who uses an image, and the reference that it is called by there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeLimit:
    """The lowest lines that a policy draws for one image's sizes, in bytes; None for none."""

    policy: str
    pull: int | None = None
    unpacked: int | None = None


Limits = Mapping[Use, Sequence[SizeLimit]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverLimits:
    """Bytes that would be won; the images' parts and the workloads' add up to `total`.

    Each of the `policies` is taken as if it were the only one, so these overlap.
    """

    total: Stored
    images: Mapping[int, Stored]
    workloads: Mapping[WorkloadName, Stored]
    policies: Mapping[str, Stored]


def over_limits(disk: NodeDisk, limits: Limits) -> OverLimits:
    """Tell what a node's images take beyond the limits of the policies that apply to their uses.

    The images are by their places in the node's list.
    """
    shrink = [_parts_over(image, limits) for image in disk.images]
    won: list[tuple[tuple[int, ...], Stored]] = []
    policies: Sums[str] = Sums()
    policies.add((name, NOTHING) for parts in shrink for name in parts if name != ALL)
    for piece in disk.pieces:
        users = tuple(p for p in piece.holders if not disk.images[p].free_to_go)
        parts = _common([shrink[place] for place in users])
        there = disk.scale.of(piece.stored) if parts else NOTHING
        stored = {name: _part_of(there, part) for name, part in parts.items()}
        if parts:
            won.append((users, stored.pop(ALL)))
        policies.add(stored.items())
    return OverLimits(
        total=sum((stored for _, stored in won), NOTHING),
        images=_split(won, {place: [place] for place in range(len(disk.images))}),
        workloads=_split(
            won,
            {place: sorted({n for n, _ in image.uses}) for place, image in enumerate(disk.images)},
        ),
        policies=policies.stored(),
    )


def _common(several: Sequence[Mapping[str, Fraction]]) -> Mapping[str, Fraction]:
    """Tell which part all must do without, by policy; nothing of what is not over for all."""
    if len(several) == 1:
        return several[0]
    names = set(several[0]).intersection(*several) if several else ()
    return {name: min(parts[name] for parts in several) for name in names}


def _part_of(stored: Stored, part: Fraction) -> Stored:
    over, of = part.numerator, part.denominator
    return Stored(compressed=stored.compressed * over // of, unpacked=stored.unpacked * over // of)


def _parts_over(image: ImageDisk, limits: Limits) -> Mapping[str, Fraction]:
    """Tell which part of an image is over, by policy and for all of them; nothing if none is.

    Of an image that several use it is what all of them must do without.
    """
    if not image.uses or image.pinned:
        return {}
    by_use: list[dict[str, Fraction]] = []
    for use in image.uses:
        parts: dict[str, Fraction] = {}
        for limit in limits.get(use, ()):
            if part := max(_over(image.pull, limit.pull), _over(image.unpacked, limit.unpacked)):
                parts[limit.policy] = max(part, parts.get(limit.policy, part))
        if not parts:
            return {}
        by_use.append({**parts, ALL: max(parts.values())})
    return _common(by_use)


def _over(size: int, limit: int | None) -> Fraction:
    return _NONE if limit is None or size <= limit else Fraction(size - limit, size)


def _split(
    won: Sequence[tuple[tuple[int, ...], Stored]], users: Mapping[int, Sequence[K]]
) -> Mapping[K, Stored]:
    """Divide each piece in equal parts among those that stand for the images that hold it."""
    return total_by(
        (name, Stored(compressed=compressed[name], unpacked=unpacked[name]))
        for places, stored in won
        for names in [dict.fromkeys((n for place in places for n in users[place]), 1)]
        for compressed in [apportion(names, stored.compressed)]
        for unpacked in [apportion(names, stored.unpacked)]
        for name in names
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetOver:
    """Sums over all nodes: the images' and the workloads' parts are `total`.

    Each of the `policies` is taken as if it were the only one, so these overlap.
    """

    total: Stored
    images: Mapping[str, Stored]
    workloads: Mapping[WorkloadName, Stored]
    policies: Mapping[str, Stored]


class OverSum:
    """Adds up what would be won on nodes, one after the other."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._total = NOTHING
        self._images: Sums[str] = Sums()
        self._workloads: Sums[WorkloadName] = Sums()
        self._policies: Sums[str] = Sums()
        self._policies.add((line.policy, NOTHING) for lines in limits.values() for line in lines)

    def add(self, disk: NodeDisk) -> None:
        """Add a node."""
        over = over_limits(disk, self._limits)
        self._total += over.total
        self._images.add((image_key(disk.images[at]), part) for at, part in over.images.items())
        self._workloads.add(over.workloads.items())
        self._policies.add(over.policies.items())

    def over(self, fleet: Fleet) -> FleetOver:
        """Give the sums; images are called as in the fleet."""
        called = fleet.called
        return FleetOver(
            total=self._total,
            images=total_by((called[key], part) for key, part in self._images.stored().items()),
            workloads=self._workloads.stored(),
            policies=self._policies.stored(),
        )
