"""Bands of a root layer's size, where the size is what tells bases of one form apart.

Measured on published images; each band is wider than what was seen, with a gap between
neighbours in which nothing is said.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from slimgate.core.images.tier import Tier

_MB: Final = 1_000_000
_STORED_PLAIN: Final = 0.85
_WIDE_PAGES: Final = frozenset({"arm64", "ppc64le", "loong64", "mips64le"})
_WIDE_EXTRA: Final = 20 * _MB
_NO_COMPILER: Final = ((0, 8), (0, 24))
"""MB to pull and unpacked that no toolchain fits in: maven has 9 MB, gcc 16, others more."""
_COMPILER: Final = ((38, math.inf), (110, math.inf))
"""The same of what has room for the smallest set of packages with a C compiler and its library."""
_MUCH: Final = ((100, math.inf), (300, math.inf))
_UBUNTU_SIZES: Final = {
    "amd64": (
        ((26.6, 26.8), (62.9, 63.5)), ((28.4, 28.7), (72.6, 73.0)), ((30.3, 30.6), (77.5, 78.1)),
    ),
    "arm64": (
        ((23.6, 23.9), (57, 58.5)), ((27.0, 27.3), (65, 66.2)), ((28.3, 28.5), (69, 70)),
    ),
}  # fmt: skip
SMALLEST_SYSTEM: Final = 300_000
"""Compressed bytes below which not even a C library or a busybox fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSize:
    """Compressed and unpacked bytes of one layer, as far as they are known."""

    pull: int | None = None
    unpacked: int | None = None

    @property
    def compressed(self) -> int | None:
        """What crosses the network, or None where the layer is stored as a plain tar."""
        plain = self.unpacked is not None and (self.pull or 0) > self.unpacked * _STORED_PLAIN
        return None if plain else self.pull

    @property
    def known(self) -> bool:
        """Whether there is any figure to judge by."""
        return self.pull is not None or self.unpacked is not None

    def within(self, pull: tuple[float, float], unpacked: tuple[float, float]) -> bool | None:
        """Whether every known figure (in MB) lies in its band; None if there is none."""
        found = [
            low * _MB <= size <= high * _MB
            for size, (low, high) in ((self.compressed, pull), (self.unpacked, unpacked))
            if size is not None
        ]
        return all(found) if found else None

    @property
    def lacks_compiler(self) -> bool:
        """Whether the layer is too small for what builds programs, unpacked or not."""
        return self.within(*_NO_COMPILER) is True

    @property
    def has_room_for_compiler(self) -> bool:
        """Whether the layer may hold a compiler together with what it needs."""
        return self.within(*_COMPILER) is True

    @property
    def is_large(self) -> bool:
        """Whether so much is left in the layer that nothing of note was removed from it."""
        return self.within(*_MUCH) is True

    @property
    def tiny(self) -> bool:
        """Whether the layer is too small to hold any system."""
        sizes = [size for size in (self.pull, self.unpacked) if size is not None]
        return bool(sizes) and min(sizes) < SMALLEST_SYSTEM


def sum_of(sizes: Sequence[LayerSize]) -> LayerSize:
    """Add layers up; a figure that one of them lacks is not known of all."""
    pulls = [size.pull for size in sizes if size.pull is not None]
    unpacked = [size.unpacked for size in sizes if size.unpacked is not None]
    return LayerSize(
        pull=sum(pulls) if pulls and len(pulls) == len(sizes) else None,
        unpacked=sum(unpacked) if unpacked and len(unpacked) == len(sizes) else None,
    )


def debian_tier(size: LayerSize, architecture: str) -> Tier | None:
    """Tell debian's slim variant from the full one; None where the size lies between the two.

    slim is 22-33 MB compressed and 55-85 unpacked, full is 43-57 and 100-135; binaries of
    architectures with 64 KiB pages are padded by some 20 MB, which compresses to nothing.
    """
    extra = _WIDE_EXTRA / _MB if architecture in _WIDE_PAGES else 0
    if size.within((20, 35), (50, 90 + extra)):
        return Tier.SLIM
    if size.within((42, 60), (99 + extra, 145 + extra)):
        return Tier.FULL
    return None


def is_alpine(size: LayerSize) -> bool | None:
    """Whether the size is that of alpine's minirootfs: 1.9-4.3 MB compressed, 4-9 unpacked."""
    return size.within((1.8, 4.6), (3.8, 9.5))


def is_busybox(size: LayerSize) -> bool | None:
    """Whether the size is that of a busybox: 0.5-2.7 MB compressed, 1-5 unpacked."""
    return size.within((0.4, 2.8), (0.8, 5.5))


def is_ubuntu(size: LayerSize) -> bool | None:
    """Whether the size is that of an ubuntu: 25-75 MB compressed, 60-200 unpacked."""
    return size.within((24, 80), (55, 220))


def looks_like_ubuntu(size: LayerSize, architecture: str) -> bool:
    """Whether the size is one of ubuntu's 18.04, 20.04 or 22.04 of 2021 and 2022, to 0.1 MB."""
    return any(size.within(*band) for band in _UBUNTU_SIZES.get(architecture, ()))
