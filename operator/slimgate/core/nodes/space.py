"""A node's disk in four parts, and how far it is from where the kubelet begins to remove things."""

from dataclasses import dataclass

from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.summary import ImageFs
from slimgate.core.nodes.thresholds import WHOLE, Thresholds, strictest


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """What is on a node's disk, in bytes; None is what nobody has measured.

    `images` and `reclaimable`, what removing unused images frees, are at least so much where not
    `exact`. `to_collection` and `to_eviction` are what may be written until either begins by the
    `thresholds`, 0 where it has; None where it never does, too. `first` is the used part of the
    disk from which one of them does.
    """

    images: int
    writable: int | None
    logs: int | None
    empty_dirs: int | None
    capacity: int | None
    available: int | None
    reclaimable: int
    exact: bool
    to_collection: int | None
    to_eviction: int | None
    first: float | None
    thresholds: Thresholds

    @property
    def obtainable(self) -> int | None:
        """What is available, and what would be once all unused images were removed."""
        if self.available is None or self.capacity is None:
            return None
        return min(self.available + self.reclaimable, self.capacity)


def space_of(disk: NodeDisk) -> Space:
    """Part a node's disk; a kubelet that has more available than there is, is not believed."""
    measured = disk.image_fs
    thresholds = Thresholds() if measured is None else measured.thresholds or Thresholds()
    capacity = None if measured is None else measured.capacity
    available = None if measured is None else measured.available
    if not capacity or (available is not None and available > capacity):
        capacity = available = None
    return Space(
        images=disk.owners.total.disk,
        writable=None if measured is None else measured.writable,
        logs=None if measured is None else measured.logs,
        empty_dirs=None if measured is None else measured.empty_dirs,
        capacity=capacity,
        available=available,
        reclaimable=disk.owners.unused.disk,
        exact=disk.complete and disk.scale.measured is not None,
        to_collection=_until_collection(capacity, available, thresholds),
        to_eviction=_left(available, _least_before_eviction(measured, capacity, thresholds)),
        first=_first(measured, capacity, thresholds),
        thresholds=thresholds,
    )


def _until_collection(
    capacity: int | None, available: int | None, thresholds: Thresholds
) -> int | None:
    """Tell what may be written until the kubelet, by whole percents, sees that much as used.

    https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/images/image_gc_manager.go#L392
    """
    if thresholds.collect >= WHOLE:  # how it is switched off
        return None
    return _left(available, strictest([(WHOLE + 1 - thresholds.collect, 0)], capacity or 0))


def _least_before_eviction(
    measured: ImageFs | None, capacity: int | None, thresholds: Thresholds
) -> int | None:
    """Tell what must be available or the kubelet ends pods: its first threshold counts."""
    amounts = [(thresholds.evict, thresholds.evict_bytes)]
    if measured is not None and measured.is_nodes:
        amounts.append((thresholds.node_evict, thresholds.node_evict_bytes))
    return strictest(amounts, capacity or 0)


def _first(measured: ImageFs | None, capacity: int | None, thresholds: Thresholds) -> float | None:
    """Tell from where the kubelet removes images, or ends pods where it does that before."""
    if not capacity:
        return None
    least = _least_before_eviction(measured, capacity, thresholds)
    several = [] if least is None else [max(1 - least / capacity, 0.0)]
    if thresholds.collect < WHOLE:
        several.append(thresholds.collect / WHOLE)
    return min((round(part, 6) for part in several), default=None)


def _left(available: int | None, least: int | None) -> int | None:
    """Tell what may go of what is available until it is below the least."""
    return None if available is None or least is None else max(available - least, 0)
