"""The files of an OCI layout in a folder, read when they are asked for."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from slimgate.core.errors import UnsupportedError
from slimgate.core.images.oci import MAX_DOCUMENT
from slimgate.core.text import printable
from slimgate.sources.files import Blob
from slimgate.sources.measure import algorithm_of, measure
from slimgate.sources.stream import Watch, chunks_of, read_capped


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """A folder's files. The names asked for are made of checked digests, so they stay inside.

    Symbolic links are followed, since build tools link a base's blobs into their layouts.
    """

    root: Path

    def document(self, name: str) -> bytes | None:
        """Read a document; TooLargeError beyond what slimgate reads of one."""
        with open_regular(self.root / name) as file:
            return None if file is None else read_capped(file, MAX_DOCUMENT)

    def blob(self, name: str, watch: Watch) -> Blob | None:
        """Read a file through and measure it."""
        with open_regular(self.root / name) as file:
            if file is None:
                return None
            total = os.fstat(file.fileno()).st_size
            return measure(watch.over(chunks_of(file.read), total), algorithm_of(name))


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO | None]:
    """Open a regular file to read, or give None where there is none.

    Opening a pipe would wait for its writer, and a device may never end.
    """
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        yield None
        return
    except OSError as err:
        raise _unreadable(path, err.strerror or "the system refused") from err
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise _unreadable(path, "it is not a regular file")
    with os.fdopen(number, "rb") as file:
        try:
            yield file
        except OSError as err:
            raise _unreadable(path, err.strerror or "the system refused") from err


def _unreadable(path: Path, why: str) -> UnsupportedError:
    return UnsupportedError(f"{printable(str(path))} can't be read: {why}")
