"""zstd for tests: the standard library's from Python 3.14 on, before that its backport."""

import sys

if sys.version_info >= (3, 14):
    from compression.zstd import CompressionParameter, compress
else:
    from backports.zstd import CompressionParameter, compress

__all__ = ["compress", "compress_checked", "compress_unsized"]


def compress_checked(data: bytes) -> bytes:
    """Compress into a frame that ends with a checksum."""
    return compress(data, options={CompressionParameter.checksum_flag: 1})


def compress_unsized(data: bytes) -> bytes:
    """Compress into a frame that does not say how long its content is."""
    return compress(data, options={CompressionParameter.content_size_flag: 0})
