"""How a node's modelled bytes compare with what its kubelet measured.

Of layers whose files nobody counted the model has the bytes of tars, and the kubelet whole blocks:
0.1 % more for a binary, 10 % for a distribution, 15 % for a toolchain, as measured on ext4. What it
measures beyond that is of images
that the model does not know, or of none.
"""

from dataclasses import dataclass
from typing import Final, Self

from slimgate.core.nodes.stored import Stored

_MOST: Final = 2
"""Blocks make no more than so many bytes of one: a guess, for trees of very small files."""
_SLACK: Final = 16 * 2**20
"""What folders and blocks of tiny layers may come to on a node besides: a guess."""
_LEAST: Final = 2
"""A kubelet that measures less than such a part of the model is not believed."""
_TAR: Final = 9
"""Files take at least so many tenths of their tar."""
_UNSURE: Final = 12
"""How many times less sure a tar's length is than counted blocks: 6 % to 0.5 %, as measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Bytes of unpacked layers: `modelled`, `measured`, and `shown`, to which owners' parts add up.

    `modelled` is as Stored has it: whole blocks of layers whose files were counted, tars of the
    others. `measured` is without writable layers, and None where nothing was measured or it is not
    to be believed; then the model is shown. What it holds and no image stands for is
    `unexplained`.
    """

    modelled: Stored
    measured: int | None
    shown: int
    unexplained: int = 0

    @classmethod
    def to(cls, modelled: Stored, measured: int | None, *, complete: bool) -> Self:
        """Compare both; where the model is not `complete`, what is missing is not spread on it."""
        there = modelled.blocks + modelled.loose
        if measured is None or measured * _LEAST < there:
            return cls(modelled=modelled, measured=None, shown=there)
        most = there * _MOST + _SLACK if complete and there else there
        shown = min(measured, most)
        return cls(modelled=modelled, measured=measured, shown=shown, unexplained=measured - shown)

    @property
    def factor(self) -> float | None:
        """How much was measured of one modelled byte of tars; None where nothing was measured."""
        if self.measured is None or not self.modelled.unpacked:
            return None
        return self.shown / self.modelled.unpacked

    def weight(self, blocks: int, loose: int) -> int:
        """Weigh some of the bytes.

        Blocks that were counted are nearly what they are, so most of the difference is with the
        others, by how sure either is; unless it is more than these can make up for.
        """
        counted, tars = self.modelled.blocks, self.modelled.loose
        if not (counted and tars):
            return blocks + loose
        sure, unsure = counted**2, (_UNSURE * tars) ** 2
        of_tars = tars + (self.shown - counted - tars) * unsure // (sure + unsure)
        of_counted = self.shown - of_tars
        if of_counted <= 0 or not _TAR * tars <= 10 * of_tars <= 10 * _MOST * tars:
            return blocks + loose
        return blocks * of_counted * tars + loose * of_tars * counted

    def of(self, stored: Stored) -> Stored:
        """Scale some of the modelled bytes, to the nearest byte."""
        whole = self.weight(self.modelled.blocks, self.modelled.loose)
        part = 2 * self.weight(stored.blocks, stored.loose) * self.shown
        unpacked = (part + whole) // (2 * whole) if part else 0
        return Stored(compressed=stored.compressed, unpacked=unpacked)
