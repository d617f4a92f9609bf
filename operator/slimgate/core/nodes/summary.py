"""What a kubelet measured of its node's disk, as its /stats/summary tells.

Fields of a wrong type count as absent, and so do figures that can be none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from slimgate.core.json_object import JsonObject, mapping_at, objects_at
from slimgate.core.nodes.node import MAX_COUNT, count_at
from slimgate.core.nodes.thresholds import Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFs:
    """What the kubelet measured of the file system that images are on, in bytes.

    On containerd `used` is all snapshots: unpacked layers and writable ones, but no blobs. What
    all containers wrote is `writable`, and their logs and pods' emptyDirs, which may be on another
    file system, are the other two. `is_nodes` says whether it is the node's own file system, too.
    `thresholds` are the kubelet's, None where they were not read.
    """

    used: int | None
    capacity: int | None
    available: int | None
    writable: int | None = None
    logs: int | None = None
    empty_dirs: int | None = None
    is_nodes: bool = False
    thresholds: Thresholds | None = None


def image_fs_of(summary: object) -> ImageFs | None:
    """Read the kubelet's /stats/summary; None where it reports nothing about images."""
    if not isinstance(summary, Mapping):
        return None
    node = mapping_at(cast("JsonObject", summary), "node")
    stats = mapping_at(mapping_at(node, "runtime"), "imageFs")
    if not stats:
        return None
    sums = _of_pods(cast("JsonObject", summary))
    return ImageFs(
        # A kubelet says 0 until its runtime has measured for the first time.
        used=count_at(stats, "usedBytes") or None,
        capacity=count_at(stats, "capacityBytes"),
        available=count_at(stats, "availableBytes"),
        is_nodes=_same(stats, mapping_at(node, "fs")),
        writable=sums["writable"],
        logs=sums["logs"],
        empty_dirs=sums["empty_dirs"],
    )


def _same(one: JsonObject, other: JsonObject) -> bool:
    """Whether two file systems are one: as large, and as full but for a moment's writes.

    Nothing names them.
    """
    capacity = count_at(one, "capacityBytes")
    left = count_at(one, "availableBytes"), count_at(other, "availableBytes")
    return (
        capacity is not None
        and None not in left
        and all(count_at(one, key) == count_at(other, key) for key in ("capacityBytes", "inodes"))
        and abs((left[0] or 0) - (left[1] or 0)) <= capacity // 100
    )


def _of_pods(summary: JsonObject) -> Mapping[str, int | None]:
    """Add up what pods take besides images; None for what the kubelet tells of no pod.

    It names no emptyDir as one: a pod's ephemeral storage is that, writable layers and logs.
    https://github.com/kubernetes/kubelet/blob/v0.37.2/pkg/apis/stats/v1alpha1/types.go
    """
    sums: dict[str, int | None] = {"writable": None, "logs": None, "empty_dirs": None}

    def add(key: str, size: int | None) -> int:
        if size is not None:
            sums[key] = min((sums[key] or 0) + size, MAX_COUNT)
        return size or 0

    for pod in objects_at(summary, "pods"):
        told = 0
        for container in objects_at(pod, "containers"):
            told += add("writable", count_at(mapping_at(container, "rootfs"), "usedBytes"))
            told += add("logs", count_at(mapping_at(container, "logs"), "usedBytes"))
        whole = count_at(mapping_at(pod, "ephemeral-storage"), "usedBytes")
        add("empty_dirs", None if whole is None else max(whole - told, 0))
    return sums
