"""Where a kubelet begins to remove images and to end pods, as its /configz tells, or its defaults.

https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, cast

from slimgate.core.errors import InvalidQuantityError
from slimgate.core.json_object import JsonObject, mapping_at
from slimgate.core.nodes.node import MAX_COUNT, count_at
from slimgate.core.quantity import exact_quantity

WHOLE: Final = 100
_PERCENT: Final = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%", re.ASCII)
_IMAGE_FS: Final = "imagefs.available"
_NODE_FS: Final = "nodefs.available"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Those here are a kubelet's defaults, in percent of the disk; `read` are its own.

    From `collect` used it removes unused images. It ends pods below `evict` available on the file
    system that images are on, or below `evict_bytes`; where both are 0, it never does. The same of
    the node's own file system, which is mostly the same, is in the other two.
    """

    collect: int = 85
    evict: Fraction | int = 15
    evict_bytes: int = 0
    node_evict: Fraction | int = 10
    node_evict_bytes: int = 0
    read: bool = False


def thresholds_of(configz: object) -> Thresholds | None:
    """Read the kubelet's /configz; None where it is none.

    What is not there is switched off: the kubelet has filled its defaults in.
    """
    if not isinstance(configz, Mapping):
        return None
    config = mapping_at(cast("JsonObject", configz), "kubeletconfig")
    collect = count_at(config, "imageGCHighThresholdPercent")
    if collect is None or collect > WHOLE:
        return None
    hard = mapping_at(config, "evictionHard")
    images, node = _amount(hard.get(_IMAGE_FS)), _amount(hard.get(_NODE_FS))
    return Thresholds(
        collect=collect,
        evict=images[0],
        evict_bytes=images[1],
        node_evict=node[0],
        node_evict_bytes=node[1],
        read=True,
    )


def strictest(several: Iterable[tuple[Fraction | int, int]], capacity: int) -> int | None:
    """Tell below how many bytes available the first of several amounts is reached; None: never."""
    least = [max(-(-capacity * percent // WHOLE), size) for percent, size in several]
    return max((int(one) for one in least if one), default=None)


def _amount(raw: object) -> tuple[Fraction, int]:
    """Read a percentage, or a quantity of bytes; what is neither is no threshold."""
    if not isinstance(raw, str):
        return Fraction(0), 0
    if found := _PERCENT.fullmatch(raw):
        return min(Fraction(found[1]), Fraction(WHOLE)), 0
    try:
        return Fraction(0), min(int(exact_quantity(raw)), MAX_COUNT)
    except InvalidQuantityError:
        return Fraction(0), 0
