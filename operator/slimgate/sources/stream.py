"""Reading a byte stream once, forwards, within limits, as hostile input wants to be read."""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Final, Protocol

from slimgate.core.errors import TooLargeError, UnsupportedError

CHUNK: Final = 256 * 2**10
_MAX_TOTAL: Final = 256 * 2**30
"""Bytes of an archive once decompressed; a guess."""
_MAX_READ: Final = 2 * 2**20
"""tarfile reads an extended header whole, whatever size it claims; a guess at a generous one."""


class Progress(Protocol):
    """Told how far a reading is, from a worker thread."""

    def __call__(self, done: int, total: int | None) -> None:
        """Take the bytes read so far, and how many there are where that is known."""


class AbandonedError(Exception):
    """The reading was given up because nobody waits for it any more."""


class Watch:
    """Reports the progress of a reading in a thread, and can stop it from outside."""

    def __init__(self, progress: Progress | None = None) -> None:
        self._progress = progress
        self._stopped = threading.Event()

    @property
    def is_stopped(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Let the reading end at its next chunk."""
        self._stopped.set()

    def over(
        self,
        chunks: Iterable[bytes],
        total: int | None,
        position: Callable[[], int] | None = None,
    ) -> Iterator[bytes]:
        """Pass the chunks on; StoppedError once stopped.

        `position` tells how far the reading is where the chunks' own lengths do not.
        """
        done = 0
        for chunk in chunks:
            if self.is_stopped:
                raise AbandonedError
            done = position() if position else done + len(chunk)
            if self._progress is not None:
                self._progress(done, total)
            yield chunk


def chunks_of(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Read until the end."""
    while chunk := read(CHUNK):
        yield chunk


class ForwardReader:
    """A file object over chunks that `tarfile` can read from, without memory of what has been.

    It only ever moves forwards, so a header with a size made to lead back ends the reading.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._chunk = b""
        self._start = 0
        self._position = 0
        self._taken = 0

    def read(self, size: int = CHUNK) -> bytes:
        """Read `size` bytes, less only at the end; TooLargeError if that is beyond reason."""
        if not 0 <= size <= _MAX_READ:
            raise TooLargeError("the archive has a header that is larger than slimgate reads")
        parts, missing = [], size
        while missing and self._fill():
            part = self._chunk[self._start : self._start + missing]
            self._start += len(part)
            missing -= len(part)
            parts.append(part)
        self._position += size - missing
        return b"".join(parts)

    def seek(self, position: int) -> int:
        """Move forwards by reading; UnsupportedError for the other direction."""
        if position < self._position:
            raise UnsupportedError("the archive is damaged: its members overlap")
        while self._position < position and self.read(min(CHUNK, position - self._position)):
            pass
        return self._position

    def tell(self) -> int:
        """Return the number of bytes passed so far."""
        return self._position

    def _fill(self) -> bool:
        if self._start == len(self._chunk):
            self._chunk, self._start = next(self._chunks, b""), 0
            self._taken += len(self._chunk)
        if self._taken > _MAX_TOTAL:
            raise TooLargeError("the archive is larger than slimgate reads")
        return bool(self._chunk)


def read_capped(file: BinaryIO, limit: int) -> bytes:
    """Read a file whole; TooLargeError if it is longer than `limit` bytes."""
    body = file.read(limit + 1)
    if len(body) > limit:
        raise TooLargeError(f"the document is larger than {limit} bytes")
    return body
