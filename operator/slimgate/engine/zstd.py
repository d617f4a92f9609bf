"""zstd, which is in the standard library from Python 3.14 on; before that, its backport."""

import sys
from collections.abc import Mapping
from typing import Final

if sys.version_info >= (3, 14):
    from compression.zstd import DecompressionParameter, ZstdDecompressor, ZstdError, ZstdFile
else:
    from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError, ZstdFile

__all__ = ["MAX_WINDOW", "OPTIONS", "ZstdDecompressor", "ZstdError", "ZstdFile"]

_WINDOW_LOG: Final = 27
MAX_WINDOW: Final = 2**_WINDOW_LOG
"""A frame may ask for no more memory than 128 MiB, as by default in zstd itself."""
OPTIONS: Final[Mapping[int, int]] = {DecompressionParameter.window_log_max: _WINDOW_LOG}
