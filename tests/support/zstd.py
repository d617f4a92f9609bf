"""zstd for tests: the standard library's from Python 3.14 on, before that its backport."""

import sys

if sys.version_info >= (3, 14):
    from compression.zstd import CompressionParameter, ZstdCompressor, compress
else:
    from backports.zstd import CompressionParameter, ZstdCompressor, compress

__all__ = ["compress", "compress_checked", "compress_unsized", "compress_wide"]


def compress_checked(data: bytes) -> bytes:
    """Compress into a frame that ends with a checksum."""
    return compress(data, options={CompressionParameter.checksum_flag: 1})


def compress_unsized(data: bytes) -> bytes:
    """Compress into a frame that does not say how long its content is."""
    return compress(data, options={CompressionParameter.content_size_flag: 0})


def compress_wide(data: bytes, log: int) -> bytes:
    """Compress into a frame that wants a window of this power of two, and tells no length."""
    writer = ZstdCompressor(options={CompressionParameter.window_log: log})
    return writer.compress(data) + writer.flush()
