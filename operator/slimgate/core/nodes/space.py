"""A node's disk in four parts, and how far it is from where the kubelet begins to remove things."""

from dataclasses import dataclass
from typing import Final

from slimgate.core.nodes.disk import NodeDisk

_WHOLE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """A kubelet's own, in percent of the disk: those here are its defaults.

    Above `collect` used it removes unused images; below `evict` available it ends pods.
    https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/
    """

    collect: int = 85
    evict: int = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """What is on a node's disk, in bytes; None is what nobody has measured.

    `images` and `reclaimable`, what removing unused images frees, are at least so much where not
    `exact`. `to_collection` and `to_eviction` are what may be written until either begins, 0 where
    it has.
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

    @property
    def obtainable(self) -> int | None:
        """What is available, and what would be once all unused images were removed."""
        if self.available is None or self.capacity is None:
            return None
        return min(self.available + self.reclaimable, self.capacity)


def space_of(disk: NodeDisk, thresholds: Thresholds | None = None) -> Space:
    """Part a node's disk; a kubelet that has more available than there is, is not believed."""
    thresholds = thresholds or Thresholds()
    measured = disk.image_fs
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
        to_eviction=_left(capacity, available, thresholds.evict),
    )


def _until_collection(
    capacity: int | None, available: int | None, thresholds: Thresholds
) -> int | None:
    """Tell what may be written until the kubelet, by whole percents, sees that much as used.

    https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/images/image_gc_manager.go#L392
    """
    if thresholds.collect >= _WHOLE:  # how it is switched off
        return None
    return _left(capacity, available, _WHOLE + 1 - thresholds.collect)


def _left(capacity: int | None, available: int | None, percent: int) -> int | None:
    """Tell what may go of what is available until it is below a part of the whole."""
    if capacity is None or available is None:
        return None
    least = -(-capacity * percent // _WHOLE)
    return max(available - least, 0)
