"""Reads a tar archive of an image in one pass, and keeps its documents and its layers' measures.

One pass serves a file, a compressed file and the stream of `docker save` alike. Nothing is
written to disk, so no name in the archive can lead anywhere.
"""

import itertools
import posixpath
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Final

from slimgate.core.errors import TooLargeError, UnsupportedError
from slimgate.core.images.oci import MAX_DOCUMENT
from slimgate.sources.files import Blob
from slimgate.sources.measure import algorithm_of, measure
from slimgate.sources.stream import ForwardReader, Watch, chunks_of

_MAX_ENTRIES: Final = 20_000
"""Old archives have four entries a layer, and some hold many images; a guess."""
_MAX_DOCUMENTS: Final = 64 * 2**20
"""Bytes of all documents together; a guess."""
_MAX_LINKS: Final = 8
_JSON_STARTS: Final = (b"{", b"[")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFiles:
    """What one pass over an archive gave, by the names of its members."""

    documents: Mapping[str, bytes]
    blobs: Mapping[str, Blob]
    links: Mapping[str, str]

    def document(self, name: str) -> bytes | None:
        """Return a document's bytes; None where there is no such file."""
        name = self._resolve(name)
        blob = self.blobs.get(name)
        if blob is not None and blob.size > MAX_DOCUMENT:
            raise TooLargeError(f"the document is larger than {MAX_DOCUMENT} bytes")
        if blob is not None:
            raise UnsupportedError("the document is not JSON")
        return self.documents.get(name)

    def blob(self, name: str, watch: Watch) -> Blob | None:  # noqa: ARG002 - read already
        """Return a file's measure; None where there is no such file."""
        name = self._resolve(name)
        body = self.documents.get(name)
        return self.blobs.get(name) if body is None else measure([body], algorithm_of(name))

    def _resolve(self, name: str) -> str:
        # `docker save` before version 25 links a layer that occurs twice to its first place.
        name = _clean(name)
        for _ in range(_MAX_LINKS):
            if name not in self.links:
                break
            name = self.links[name]
        return name


def read_archive(chunks: Iterable[bytes]) -> ArchiveFiles:
    """Read a whole archive; ImageError if it is none, is damaged or is beyond the limits."""
    scan = _Scan()
    try:
        # The reader is no complete file object, but has all of it that tarfile uses.
        file: IO[bytes] = ForwardReader(chunks)  # type: ignore[assignment]
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for count, member in enumerate(archive):
                if count >= _MAX_ENTRIES:
                    raise TooLargeError(f"the archive has more than {_MAX_ENTRIES} entries")
                scan.add(archive, member)
    except (tarfile.TarError, ValueError, OverflowError, RecursionError) as err:
        raise UnsupportedError("it is not a tar archive, or a damaged one") from err
    return ArchiveFiles(documents=scan.documents, blobs=scan.blobs, links=scan.links)


def _clean(name: str) -> str:
    return posixpath.normpath(name.lstrip("/")) if name else ""


@dataclass(slots=True)
class _Scan:
    documents: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, Blob] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    kept: int = 0

    def add(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = _clean(member.name)
        if member.issparse():
            raise UnsupportedError("the archive has sparse members, which no image tool writes")
        for known in (self.documents, self.blobs, self.links):
            known.pop(name, None)
        if member.issym():
            self.links[name] = _clean(posixpath.join(posixpath.dirname(name), member.linkname))
        elif member.islnk():
            self.links[name] = _clean(member.linkname)
        elif member.isfile():
            self._read(name, member.size, _content(archive, member))

    def _read(self, name: str, size: int, chunks: Iterator[bytes]) -> None:
        first = next(chunks, b"")
        if size > MAX_DOCUMENT or not first.startswith(_JSON_STARTS):
            self.blobs[name] = measure(itertools.chain((first,), chunks), algorithm_of(name))
            return
        self.kept += size
        if self.kept > _MAX_DOCUMENTS:
            raise TooLargeError("the archive's documents are larger than slimgate reads")
        self.documents[name] = b"".join((first, *chunks))


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    file = archive.extractfile(member)
    if file is None:
        return
    done = 0
    for chunk in chunks_of(file.read):
        done += len(chunk)
        yield chunk
    if done != member.size:
        raise tarfile.ReadError("unexpected end of data")
