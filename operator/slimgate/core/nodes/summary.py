"""What a kubelet measured of its node's disk, as its /stats/summary tells.

Fields of a wrong type count as absent, and so do figures that can be none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from slimgate.core.json_object import JsonObject, mapping_at, objects_at
from slimgate.core.nodes.node import MAX_COUNT, count_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFs:
    """What the kubelet measured of the file system that images are on, in bytes.

    On containerd `used` is all snapshots: unpacked layers and writable ones, but no blobs. What
    all containers wrote is `writable`, and their logs and pods' emptyDirs, which may be on another
    file system, are the other two.
    """

    used: int | None
    capacity: int | None
    available: int | None
    writable: int | None = None
    logs: int | None = None
    empty_dirs: int | None = None


def image_fs_of(summary: object) -> ImageFs | None:
    """Read the kubelet's /stats/summary; None where it reports nothing about images."""
    if not isinstance(summary, Mapping):
        return None
    node = mapping_at(cast("JsonObject", summary), "node")
    stats = mapping_at(mapping_at(node, "runtime"), "imageFs")
    if not stats:
        return None
    return ImageFs(
        # A kubelet says 0 until its runtime has measured for the first time.
        used=count_at(stats, "usedBytes") or None,
        capacity=count_at(stats, "capacityBytes"),
        available=count_at(stats, "availableBytes"),
        **_of_pods(cast("JsonObject", summary)),
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
