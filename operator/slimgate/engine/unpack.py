"""Unpacks a layer that arrives in pieces, to count its tar and list its paths.

Blocking, for a thread. Bombs and what is malformed end in an unknown size, which is at least what
came out before: output, CPU time and memory are capped.
"""

import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from slimgate.core.images.facts import Size, SizeEvidence
from slimgate.core.layers.members import KNOWN_BY, MalformedMemberError, without_flags
from slimgate.core.layers.packing import HEAD, ZSTD, ZSTD_SKIPPABLE, Packing, packing_of
from slimgate.core.layers.sparse import SparseCounter
from slimgate.core.layers.tar import TarLister
from slimgate.core.layers.zstd import header_length, window_of
from slimgate.engine.ports import LayerReading
from slimgate.engine.zstd import MAX_WINDOW, OPTIONS, ZstdDecompressor, ZstdError

_STEP: Final = 2**17 - 2**10
"""Below what malloc maps anew each time, which costs more than to unpack a bomb."""
# Small, since what follows a member is copied each time: a layer may hold many empty members.
_GZIP_STEP: Final = 8 * 2**10
_ZSTD_STEP: Final = 64 * 2**10
_FRAME_HEAD: Final = 8
_SMALL_WINDOW: Final = 2**20
NO_TAR: Final = "the layer is not a tar archive"
_BLOCK: Final = 512
_TOO_MUCH: Final = "unpacking the layer takes more than slimgate allows"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackLimits:
    """Where unpacking one layer stops: bytes that come out, seconds of CPU, bytes of memory."""

    max_bytes: int = 16 * 2**30
    max_seconds: float = 10.0
    max_window: int = MAX_WINDOW


class Unpacker:
    """Takes a layer in pieces, then says what it was. Once `stopped`, more pieces are ignored."""

    def __init__(self, limits: UnpackLimits) -> None:
        self._limits = limits
        self._head = b""
        self._codec: _Codec | None = None
        self._lister = TarLister()
        self._sparse = SparseCounter()
        self._count = 0
        self._window = _SMALL_WINDOW
        self._seconds = 0.0
        self._reason: str | None = None
        self._foreign: str | None = None

    @property
    def stopped(self) -> bool:
        """Whether the length is already known to stay unknown."""
        return self._reason is not None

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        for _ in self.steps(data):
            pass

    def steps(self, data: bytes) -> Iterator[int | None]:
        """Take the next piece a little at a time: whoever asks for steps may pause in between.

        A number is how many bytes of memory the layer takes from the next step on.
        """
        if self.stopped:
            return
        if self._codec is None:
            self._head += data
            if len(self._head) < HEAD:
                return
            data = self._begin()
        yield from self._unpack(data)

    def finish(self) -> LayerReading:
        """Say how long the tar was, and what it held."""
        if self._codec is None and self._reason is None:
            for _ in self._unpack(self._begin()):
                pass
        if self._reason is None and self._codec is not None and not self._codec.is_whole():
            self._reason = "the layer's compressed form is cut short"
        is_short = 0 < self._count < _BLOCK
        is_tar = not isinstance(self._codec, _Plain) or not (is_short or not self._lister.is_tar)
        self._reason = self._reason or self._foreign or (None if is_tar else NO_TAR)
        if self._reason is not None:
            # Programs that unpack for runtimes, such as unpigz, pass over what follows the end.
            least = self._length if is_tar else 0
            unknown = Size.unknown(self._reason, at_least=least, evidence=SizeEvidence.MEASURED)
            return LayerReading(unpacked=unknown)
        measured = Size.measured(self._length, on_disk=self._lister.on_disk)
        return LayerReading(unpacked=measured, contents=self._lister.contents())

    @property
    def _length(self) -> int:
        """What runtimes write: the tar, and what sparse files have beyond it."""
        return self._count + self._sparse.more

    def _begin(self) -> bytes:
        head, self._head = self._head, b""
        match packing_of(head):
            case Packing.GZIP:
                self._codec = _Gzip()
            case Packing.ZSTD:
                self._codec = _Zstd()
            case None:
                self._codec = _Plain()
            case other:
                # To containerd it is none, and the first file of a tar may have such a name.
                self._codec = _Plain()
                self._foreign = f"the layer is compressed with {other.value}"
        return head

    def _unpack(self, data: bytes) -> Iterator[int | None]:
        if self._codec is None:
            return
        pieces = self._codec.unpack(data)
        while self._take(pieces):
            wanted = self._codec.window
            yield wanted if wanted > self._window and not self.stopped else None
            self._window = max(self._window, wanted)

    def _take(self, pieces: Iterator[bytes]) -> bool:
        """Take what is unpacked next; False if that was all, or is of no use any more."""
        if self.stopped:
            return False
        # Anew each time: the next piece may be taken in another thread.
        limits, started = self._limits, time.thread_time()
        try:
            piece = next(pieces, None)
            if piece is None:
                return False
            self._count += len(piece)
            self._lister.feed(piece)
            self._sparse.feed(piece)
            is_too_wide = self._codec is not None and self._codec.window > limits.max_window
            if is_too_wide or self._count > limits.max_bytes:
                self._reason = _TOO_MUCH
        except (zlib.error, ZstdError, MalformedMemberError, _MalformedError):
            self._reason = "the layer's compressed form is malformed"
        finally:
            self._seconds += time.thread_time() - started
        if self._seconds > limits.max_seconds:
            self._reason = self._reason or _TOO_MUCH
        return True


class _MalformedError(Exception):
    """The stream breaks its format."""


class _Codec(Protocol):
    @property
    def window(self) -> int:
        """How many bytes it keeps of what it has given, where that is much."""

    def unpack(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next piece unpacks to, in pieces of bounded length, empty ones too."""

    def is_whole(self) -> bool:
        """Whether the stream may end here."""


class _Plain:
    window = 0

    def unpack(self, data: bytes) -> Iterator[bytes]:
        yield data

    def is_whole(self) -> bool:
        return True


class _Gzip:
    """Members one after another, as Go's gzip reader takes them: nothing else may stand between."""

    window = 0

    def __init__(self) -> None:
        self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._head = b""
        self._between = True

    def unpack(self, data: bytes) -> Iterator[bytes]:
        position = 0
        while position < len(data):
            piece = data[position : position + _GZIP_STEP]
            position += len(piece)
            if self._between:
                piece = self._start(piece)
                if self._between:
                    continue
            yield self._member.decompress(piece, _STEP)
            position -= len(self._member.unused_data or self._member.unconsumed_tail)
            self._between = self._member.eof

    def _start(self, data: bytes) -> bytes:
        """Begin a member once enough of its head is there, and give what is to be unpacked."""
        self._head += data
        if len(self._head) < KNOWN_BY:
            return b""
        head = without_flags(self._head)
        if head is None:
            return b""
        self._head, self._between = b"", False
        self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        return head

    def is_whole(self) -> bool:
        return self._member.eof and not self._head


class _Zstd:
    """Frames one after another, skippable ones among them, as zstd:chunked has them."""

    def __init__(self) -> None:
        self._frame = ZstdDecompressor(options=OPTIONS)
        self._between = True
        self._head = b""
        self._opening = b""
        self._skip = 0
        self.window = 0

    def unpack(self, data: bytes) -> Iterator[bytes]:
        position = 0
        while position < len(data):
            if self._skip:
                step = min(self._skip, len(data) - position)
                self._skip -= step
                position += step
            elif self._between:
                wanted = data[position : position + self._missing()]
                position += len(wanted)
                self._start(wanted)
                # Whoever takes the pieces may wait here until there is memory for the frame.
                yield b""
                yield self._open()
            else:
                piece = data[position : position + _ZSTD_STEP]
                yield from self._pieces(piece)
                self._between = self._frame.eof
                position += len(piece) - len(self._frame.unused_data)

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        yield self._frame.decompress(data, _STEP)
        while not self._frame.eof and not self._frame.needs_input:
            yield self._frame.decompress(b"", _STEP)

    def _missing(self) -> int:
        head = self._head
        is_frame = len(head) >= _FRAME_HEAD
        return (header_length(head) if is_frame else _FRAME_HEAD) - len(head)

    def _start(self, data: bytes) -> None:
        self._head += data
        if len(self._head) < _FRAME_HEAD:
            return
        head = self._head
        if head.startswith(ZSTD_SKIPPABLE):
            self._head, self._skip = b"", int.from_bytes(head[4:_FRAME_HEAD], "little")
        elif not head.startswith(ZSTD):
            raise _MalformedError
        elif len(head) >= header_length(head):
            self._head, self._opening, self.window = b"", head, window_of(head)
            self._frame = ZstdDecompressor(options=OPTIONS)
            self._between = False

    def _open(self) -> bytes:
        opening, self._opening = self._opening, b""
        return self._frame.decompress(opening) if opening else b""

    def is_whole(self) -> bool:
        return self._between and not self._skip and not self._head
