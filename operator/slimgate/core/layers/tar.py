"""Lists the paths in a tar that arrives in pieces, without trusting it.

Only names are read, contents are stepped over, so nothing that a header claims costs memory. What
can't be read makes the list incomplete; it never raises. Formats: ustar, GNU long names, pax.
https://www.gnu.org/software/tar/manual/html_node/Standard.html
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Final

from slimgate.core.images.facts import LayerContents

MAX_ENTRIES: Final = 20_000
MAX_NAMES: Final = 4 * 2**20
_MAX_PATH: Final = 4_096
"""Linux' PATH_MAX, beyond which no runtime can unpack an entry."""
_MAX_WORK: Final = 20 * MAX_ENTRIES
"""In pax records that are read; three headers an entry and eight records are well within it.

Else a layer of some KB that names one file a million times takes seconds: it names nothing new.
"""
_HEADER_WORK: Final = 4
_MAX_DEPTH: Final = 256
"""Folders on the way to an entry; with links about, each is looked for among them."""
_BLOCK: Final = 512
_ZERO: Final = bytes(_BLOCK)
_MAX_EXTENSION: Final = 64 * 2**10
_LONG_NAME: Final = b"L"
_LONG_LINK: Final = b"K"
_PAX: Final = b"x"
_PAX_GLOBAL: Final = b"g"
_SPARSE: Final = b"S"
_SYMLINK: Final = b"2"
_FOLDER: Final = b"5"
_REGULAR_OF_OLD: Final = b"\0"
_USTAR: Final = b"ustar\0"
_GNU: Final = b"ustar  \0"
_STAR: Final = b"tar\0"
DISK_BLOCK: Final = 4096
"""Files and folders take whole blocks of so many bytes on ext4 and xfs, if they take any."""
_EMPTY_KINDS: Final = frozenset(
    {b"1", b"2", b"3", b"4", b"5", b"6"}
)  # links, devices, folders, pipes: no contents follow
_BASE_256: Final = 0x80
_NEGATIVE: Final = 0x40
_LENGTH: Final = re.compile(rb"[+]?0*([0-9]{1,7}) ")
_MAX_DIGITS: Final = 18
_ASCII: Final = bytes(range(2**7))


class TarLister:
    """Takes a tar in pieces of any length; `contents` says what it held.

    `is_tar` is False once the first block has been seen to be no header.
    """

    def __init__(self) -> None:
        self._paths: set[str] = set()
        self._links: set[str] = set()
        self._names = 0
        self._left = _MAX_WORK
        self._folders: set[int] = set()
        self._blocks = 0
        self._partial = bytearray()
        self._skip = 0
        self._collect: bytes | None = None
        self._wanted = _BLOCK
        self._length = 0
        self._zeros = 0
        self._long_name = ""
        self._pax: dict[str, str] = {}
        self._ended = False
        self._complete = True
        self._started = False
        self.is_tar = True

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        view, position = memoryview(data), 0
        while position < len(view) and not self._ended:
            if self._skip:
                step = min(self._skip, len(view) - position)
                self._skip -= step
                position += step
                continue
            step = min(self._wanted - len(self._partial), len(view) - position)
            self._partial += view[position : position + step]
            position += step
            if len(self._partial) == self._wanted:
                block = bytes(self._partial)
                self._partial.clear()
                self._take(block)

    def contents(self) -> LayerContents:
        """Say what was listed; complete only if the tar was read to its end."""
        return LayerContents(paths=frozenset(self._paths), complete=self._is_complete)

    @property
    def _is_complete(self) -> bool:
        between = not self._partial and not self._skip and self._collect is None
        return self._complete and (self._ended or between)

    @property
    def on_disk(self) -> int | None:
        """What it takes once it is unpacked, in whole blocks; None if not all was listed.

        A layer has a folder of its own for each one that leads to its files: overlayfs copies
        those of layers below. What several names link to is counted by the first.
        """
        if not self._is_complete:
            return None
        folders = set(self._folders)
        for path in self._paths:
            end = path.rfind("/")
            # Hashes, since all the ways to deep folders may be longer than the names together.
            while end > 0 and (way := hash(path[:end])) not in folders:
                folders.add(way)
                if len(folders) > MAX_ENTRIES:
                    return None
                end = path.rfind("/", 0, end)
        return (self._blocks + len(folders) + 1) * DISK_BLOCK

    def _take(self, block: bytes) -> None:
        if not self._started:
            self._started = True
            self.is_tar = block == _ZERO or is_header(block)
        if self._collect is not None:
            kind, self._collect, self._wanted = self._collect, None, _BLOCK
            self._extension(kind, block[: self._length])
        elif block == _ZERO:
            self._zeros += 1
            self._ended = self._zeros > 1
        elif self._zeros or not is_header(block):
            self._give_up()
        else:
            self._header(block)

    def _header(self, block: bytes) -> None:
        kind = block[156:157]
        size = size_in(block)
        if size is None or kind == _SPARSE or not self._spend(_HEADER_WORK):
            self._give_up()
        elif kind in {_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL}:
            if size > _MAX_EXTENSION:
                self._give_up()
            elif size:
                self._collect, self._length = kind, size
                self._wanted = -(-size // _BLOCK) * _BLOCK
            else:
                self._extension(kind, b"")
        else:
            self._entry(block, kind, size)

    def _extension(self, kind: bytes, body: bytes) -> None:
        """Read what the next entry is called, of which the last counts, as for Go."""
        if kind == _LONG_NAME:
            self._long_name = text_in(body)
        elif not self._spend(body.count(b"\n")):
            self._give_up()
        elif kind in {_PAX, _PAX_GLOBAL}:
            records = records_in(body)
            if records is None or any(key.startswith("GNU.sparse.") for key in records):
                self._give_up()
            elif kind == _PAX:
                self._pax = records
            else:
                # Nothing in it counts for entries, and it is one itself.
                self._pax, self._long_name = {}, ""

    def _entry(self, block: bytes, kind: bytes, size: int) -> None:
        name = name_in(self._pax, self._long_name, block)
        stated = self._pax.get("size")
        self._pax, self._long_name = {}, ""
        if kind == _REGULAR_OF_OLD and name.endswith("/"):
            kind = _FOLDER
        if stated and kind not in _EMPTY_KINDS:
            if not (stated.isascii() and stated.isdigit() and len(stated) <= _MAX_DIGITS):
                self._give_up()
                return
            size = int(stated)
        if kind not in _EMPTY_KINDS:
            self._skip = -(-size // _BLOCK) * _BLOCK
        if len(name) > _MAX_PATH or name.count("/") > _MAX_DEPTH:
            self._give_up()
            return
        path = posixpath.normpath(f"/{name}").lstrip("/")
        if kind == _FOLDER and path:
            self._folders.add(hash(path))
        elif kind not in _EMPTY_KINDS:
            self._blocks += -(-size // DISK_BLOCK)
        self._add(path, is_link=kind == _SYMLINK)

    def _add(self, path: str, *, is_link: bool) -> None:
        if len(self._paths) >= MAX_ENTRIES or self._names + len(path) > MAX_NAMES:
            self._give_up()
            return
        if path:
            self._names += len(path)
            self._paths.add(path)
        if is_link:
            self._links.add(path)
        elif self._links and not self._links.isdisjoint(_folders(path)):
            # The file lands where the link points to, not where its name says.
            self._complete = False

    def _spend(self, work: int) -> bool:
        self._left -= work
        return self._left >= 0

    def _give_up(self) -> None:
        self._complete = False
        self._ended = True


def _folders(path: str) -> Iterator[str]:
    end = path.find("/")
    while end >= 0:
        yield path[:end]
        end = path.find("/", end + 1)


def name_in(records: Mapping[str, str], long_name: str, block: bytes) -> str:
    """Tell what an entry is called, as Go does: by GNU's long name, by a pax record, by itself.

    https://github.com/golang/go/blob/go1.26.0/src/archive/tar/reader.go
    """
    return long_name or records.get("path") or _short_name(block)


def _short_name(block: bytes) -> str:
    """Read the name that stands in a header itself; which have a prefix, their magic says."""
    name, prefix, times = text_in(block[0:100]), b"", (block[345:357], block[357:369])
    if block[257:263] == _USTAR:
        prefix = block[345:476] if block[508:512] == _STAR else block[345:500]
    elif block[257:265] == _GNU and any(one[0] and number_in(one) is None for one in times):
        # Go's own writer had it there once, where GNU's has times.
        prefix = block[345:500].partition(b"\x00")[0]
        prefix = prefix if prefix.isascii() else b""
    before = text_in(prefix)
    return f"{before}/{name}" if before else name


def text_in(raw: bytes) -> str:
    """Read a text up to its end."""
    return raw.partition(b"\x00")[0].decode("utf-8", "backslashreplace")


def size_in(block: bytes) -> int | None:
    """Read how much an entry has behind its header; None if that can't be told.

    What has no contents may say what it likes, if it is a number.
    """
    size = number_in(block[124:136])
    if size is None or block[156:157] not in _EMPTY_KINDS:
        return size if size is None or size >= 0 else None
    return 0


def number_in(raw: bytes) -> int | None:
    """Read a number of a header as Go does, which knows negative ones; None if it is none."""
    if raw[0] & _BASE_256:
        value = int.from_bytes(raw, "big") - (1 << 8 * len(raw) - 1)
        value -= 1 << 8 * len(raw) - 1 if raw[0] & _NEGATIVE else 0
        return value if -(2**63) <= value < 2**63 else None
    digits = raw.strip(b" \x00").partition(b"\x00")[0]
    if not digits:
        return 0
    try:
        return int(digits, 8) if digits.isdigit() else None
    except ValueError:
        return None


def is_header(block: bytes) -> bool:
    """Whether a block's checksum is right; old programs took its bytes for signed numbers."""
    stated, rest = number_in(block[148:156]), block[:148] + block[156:]
    total = sum(rest) + 8 * ord(" ")
    return stated == total or stated == total - 2**8 * len(rest.translate(None, _ASCII))


def records_in(body: bytes) -> dict[str, str] | None:
    """Read pax records, lines of `<length> <key>=<value>`; None if they are malformed."""
    found: dict[str, str] = {}
    position = 0
    while position < len(body):
        # As Go does, which takes a sign, and zeros in front.
        match = _LENGTH.match(body, position)
        if match is None:
            return None
        end = position + int(match[1])
        key, equals, value = body[match.end() : end - 1].partition(b"=")
        if not equals or end > len(body) or end <= match.end() or body[end - 1 : end] != b"\n":
            return None
        found[text_in(key)] = text_in(value)
        position = end
    return found
