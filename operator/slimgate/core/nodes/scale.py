"""How a node's modelled bytes compare with what its kubelet measured.

The model counts the bytes of tars, the kubelet whole blocks: 0.1 % more for a binary, 10 % for a
distribution, 15 % for a toolchain, as measured on ext4. What it measures beyond that is of images
that the model does not know, or of none.
"""

from dataclasses import dataclass
from typing import Final, Self

_MOST: Final = 2
"""Blocks make no more than so many bytes of one: a guess, for trees of very small files."""
_SLACK: Final = 16 * 2**20
"""What folders and blocks of tiny layers may come to on a node besides: a guess."""
_LEAST: Final = 2
"""A kubelet that measures less than such a part of the model is not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Bytes of unpacked layers: `modelled`, `measured`, and `shown`, to which owners' parts add up.

    `measured` is without writable layers, and None where nothing was measured or it is not to be
    believed. What it holds and no image stands for is `unexplained`.
    """

    modelled: int
    measured: int | None
    shown: int
    unexplained: int = 0

    @classmethod
    def of(cls, modelled: int, measured: int | None, *, complete: bool) -> Self:
        """Compare both; where the model is not `complete`, what is missing is not spread on it."""
        if measured is None or measured * _LEAST < modelled:
            return cls(modelled=modelled, measured=None, shown=modelled)
        most = modelled * _MOST + _SLACK if complete and modelled else modelled
        shown = min(measured, most)
        return cls(modelled=modelled, measured=measured, shown=shown, unexplained=measured - shown)

    @property
    def factor(self) -> float | None:
        """How much is shown of one modelled byte; None where nothing was measured."""
        return self.shown / self.modelled if self.modelled and self.measured is not None else None

    def of_bytes(self, unpacked: int) -> int:
        """Scale some of the modelled bytes, to the nearest byte."""
        return (2 * unpacked * self.shown + self.modelled) // (2 * self.modelled) if unpacked else 0
