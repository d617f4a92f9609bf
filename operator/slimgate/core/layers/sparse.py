"""Counts what sparse files of a tar take on a disk beyond what the tar holds of them.

Runtimes write out their holes as zeros, so a layer of some KB may fill a node. What is read of a
header is what Go's archive/tar reads, which runtimes use, to the very end: what it refuses no
runtime unpacks. The lister of paths beside it gives up where there are too many; this must not.
https://www.gnu.org/software/tar/manual/html_node/PAX-1.html
"""

import re
from collections.abc import Mapping
from typing import Final

from slimgate.core.layers.tar import name_in, records_in, size_in, text_in

_BLOCK: Final = 512
_ZERO: Final = bytes(_BLOCK)
_MAX_EXTENSION: Final = 2**20
"""More is refused: maxSpecialFileSize of Go's archive/tar."""
_REGULAR_OF_OLD: Final = ord("\0")
_OLD_SPARSE: Final = ord("S")
"""Go reads these, but containerd and CRI-O refuse entries of a type of their own."""
_NO_CONTENTS: Final = frozenset(b"123456")
_META: Final = frozenset(b"LKxg")
_SIZE: Final = "size"
_REAL_SIZES: Final = ("GNU.sparse.size", "GNU.sparse.realsize")
_MAPS: Final = ("GNU.sparse.map", "GNU.sparse.offset", "GNU.sparse.numbytes")
_VERSIONS: Final = frozenset({("0", "0"), ("0", "1"), ("1", "0")})
_INTERESTING: Final = re.compile(rb"GNU\.sparse\.|size=|path=")
_NUMBER: Final = re.compile(r"[+-]?0*([0-9]{0,19})", re.ASCII)
_MAX_NUMBER: Final = 2**63 - 1


class _RefusedError(Exception):
    """No runtime reads on."""


class SparseCounter:
    """Takes a tar in pieces of any length; `more` is what its files have beyond what it holds."""

    def __init__(self) -> None:
        self.more = 0
        self._partial = b""
        self._wanted = _BLOCK
        self._skip = 0
        self._meta: tuple[int, int] | None = None
        self._records: Mapping[str, str] = {}
        self._long_name = ""
        self._zeros = 0
        self._ended = False

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        position, end = 0, len(data)
        while position < end and not self._ended:
            if self._skip:
                step = min(self._skip, end - position)
                self._skip -= step
                position += step
                continue
            step = min(self._wanted - len(self._partial), end - position)
            block = self._partial + data[position : position + step]
            position += step
            if len(block) < self._wanted:
                self._partial = block
                return
            self._partial = b""
            try:
                self._take(block)
            except _RefusedError:
                self._ended = True

    def _take(self, block: bytes) -> None:
        if self._meta is not None:
            (kind, length), self._meta, self._wanted = self._meta, None, _BLOCK
            self._extend(kind, block[:length])
        elif block == _ZERO:
            self._zeros += 1
            self._ended = self._zeros > 1
        elif self._zeros:
            raise _RefusedError
        else:
            self._header(block)

    def _header(self, block: bytes) -> None:
        kind, size = block[156], size_in(block)
        if size is None or kind == _OLD_SPARSE:
            raise _RefusedError
        if kind not in _META:
            self._entry(block, kind, size)
        elif size > _MAX_EXTENSION:
            raise _RefusedError
        elif size:
            self._meta, self._wanted = (kind, size), -(-size // _BLOCK) * _BLOCK
        else:
            self._extend(kind, b"")

    def _extend(self, kind: int, body: bytes) -> None:
        if kind == ord("x"):
            # The last such header counts alone, and most say nothing of sizes.
            found = records_in(body) if _INTERESTING.search(body) else {}
            if found is None:
                raise _RefusedError
            self._records = found
        elif kind == ord("g"):
            self._records, self._long_name = {}, ""
        elif kind == ord("L"):
            self._long_name = text_in(body)

    def _entry(self, block: bytes, kind: int, size: int) -> None:
        records, long_name = self._records, self._long_name
        self._records, self._long_name = {}, ""
        size = _stated(records, _SIZE, size)
        if kind in _NO_CONTENTS:
            return
        if kind == _REGULAR_OF_OLD and name_in(records, long_name, block).endswith("/"):
            return
        if size < 0:
            raise _RefusedError
        self._skip = -(-size // _BLOCK) * _BLOCK
        if _is_sparse(records):
            real = next(filter(records.get, _REAL_SIZES), _SIZE)
            self.more += max(0, _stated(records, real, size) - size)


def _is_sparse(records: Mapping[str, str]) -> bool:
    """Whether Go takes a file for a sparse one; else it reads nothing that only those have."""
    version = records.get("GNU.sparse.major", ""), records.get("GNU.sparse.minor", "")
    return version in _VERSIONS if any(version) else any(map(records.get, _MAPS))


def _stated(records: Mapping[str, str], key: str, otherwise: int) -> int:
    written = records.get(key)
    if not written:
        return otherwise
    match = _NUMBER.fullmatch(written)
    number = int(match[1] or 0) if match else _MAX_NUMBER + 1
    if number > _MAX_NUMBER:
        raise _RefusedError
    return -number if written.startswith("-") else number
