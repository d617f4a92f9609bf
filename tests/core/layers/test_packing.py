"""What the first bytes of layers and archives say of their compression."""

import bz2
import gzip
import lzma

import pytest

from slimgate.core.layers.packing import HEAD, Packing, packing_of
from tests.support import zstd


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (gzip.compress(b"", mtime=0), Packing.GZIP),
        (bz2.compress(b""), Packing.BZIP2),
        (lzma.compress(b""), Packing.XZ),
        (zstd.compress(b""), Packing.ZSTD),
        (b"\x5f\x2a\x4d\x18" + bytes(4), Packing.ZSTD),
        (b"\x60\x2a\x4d\x18" + bytes(4), None),
        (b"\x04\x22\x4d\x18\x40\x40", Packing.LZ4),
        (b"etc/passwd", None),
        (b"\x1f", None),
        (b"\x1f\x8b\x00a name", None),
        (b"", None),
    ],
)
def test_packing(head: bytes, expected: Packing | None) -> None:
    """What real compressors write is recognised, and what is cut short or no compression is not."""
    assert packing_of(head) is expected
    assert packing_of(head[:HEAD]) is expected
