"""zstd, which is in the standard library from Python 3.14 on; before that, its backport."""

import sys
from collections.abc import Mapping
from typing import Final

if sys.version_info >= (3, 14):
    from compression.zstd import DecompressionParameter, ZstdDecompressor, ZstdError, ZstdFile
else:
    from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError, ZstdFile

__all__ = ["OPTIONS", "ZstdDecompressor", "ZstdError", "ZstdFile"]

OPTIONS: Final[Mapping[int, int]] = {DecompressionParameter.window_log_max: 27}
"""A frame may ask for no more memory than 128 MiB, as by default in zstd itself."""
