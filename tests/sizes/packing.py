"""Packs tars as builders do, and as some odd ones do."""

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from slimgate.core.images.facts import DiffID
from tests.support import zstd
from tests.support.images import OCI_LAYER, Layer, digest_of

MIB = 2**20
TOC_DIGEST = "containerd.io/snapshot/stargz/toc.digest"
_CHUNK = 16 * MIB
_SKIPPABLE = b"\x50\x2a\x4d\x18"


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A layer, and the length of the tar that it unpacks to."""

    layer: Layer
    unpacked: int


def packed(
    tar: bytes, blob: bytes, suffix: str = "+gzip", annotations: Mapping[str, str] | None = None
) -> Packed:
    """Say that a blob is a tar."""
    layer = Layer(
        blob=blob,
        media_type=f"{OCI_LAYER}{suffix}",
        diff_id=DiffID(digest_of(tar)),
        annotations=annotations or {},
    )
    return Packed(layer=layer, unpacked=len(tar))


def members(tar: bytes, size: int) -> bytes:
    """Pack so many bytes of the tar at a time into a gzip member each."""
    parts = [tar[start : start + size] for start in range(0, len(tar), size)]
    return b"".join(gzip.compress(part, mtime=0) for part in parts)


def frames(tar: bytes, size: int) -> bytes:
    """Pack into zstd frames that tell no length, and a skippable one, as zstd:chunked has them."""
    parts = [tar[start : start + size] for start in range(0, len(tar), size)]
    return b"".join(zstd.compress_unsized(part) for part in parts) + skippable(b"x" * 100)


def skippable(content: bytes) -> bytes:
    """Make a zstd frame that unpacks to nothing."""
    return _SKIPPABLE + len(content).to_bytes(4, "little") + content


def stargz(files: Mapping[str, bytes]) -> Packed:
    """Pack as eStargz: a member for each entry, the table of contents, a footer that finds it.

    https://github.com/containerd/stargz-snapshotter/blob/v0.18.1/docs/estargz.md
    """
    tar, blob, entries = b"", b"", []
    for name, body in files.items():
        entry = _entry(name, body)
        digest = digest_of(body)
        entries.append(
            {
                "name": name,
                "type": "reg",
                "size": len(body),
                "mode": 420,
                "offset": len(blob),
                "digest": digest,
                "chunkDigest": digest,
            }
        )
        tar, blob = tar + entry, blob + gzip.compress(entry, mtime=0)
    toc = json.dumps({"version": 1, "entries": entries}).encode()
    ending = _entry("stargz.index.json", toc) + bytes(1024)
    footer = _footer(len(blob))
    blob += gzip.compress(ending, mtime=0) + footer
    return packed(tar + ending, blob, annotations={TOC_DIGEST: digest_of(toc)})


def _footer(offset: int) -> bytes:
    """Make the empty member of 51 bytes whose extra field holds the offset."""
    extra = b"SG\x16\x00" + f"{offset:016x}STARGZ".encode()
    head = b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff" + len(extra).to_bytes(2, "little")
    return head + extra + b"\x01\x00\x00\xff\xff" + bytes(8)


def _entry(name: str, body: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = len(body)
    return info.tobuf(tarfile.USTAR_FORMAT) + body + bytes(-len(body) % 512)


@dataclass
class _Gzip:
    """One gzip member whose tar is hashed while it is packed, and never held."""

    parts: list[bytes] = field(default_factory=list)
    length: int = 0

    def __post_init__(self) -> None:
        self._packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        self._digest = hashlib.sha256()

    def add(self, piece: bytes) -> None:
        self.length += len(piece)
        self._digest.update(piece)
        self.parts.append(self._packer.compress(piece))

    def packed(self) -> Packed:
        blob = b"".join([*self.parts, self._packer.flush()])
        diff_id = DiffID(f"sha256:{self._digest.hexdigest()}")
        layer = Layer(blob=blob, media_type=f"{OCI_LAYER}+gzip", diff_id=diff_id)
        return Packed(layer=layer, unpacked=self.length)


def sparse(zeros: int, dense: bytes = b"") -> Packed:
    """Pack a file of zeros, which nobody keeps in memory, and perhaps a dense one after it."""
    out = _Gzip()
    for piece in _sparse_tar(zeros, dense):
        out.add(piece)
    return out.packed()


def _sparse_tar(zeros: int, dense: bytes) -> Iterator[bytes]:
    info = tarfile.TarInfo("data/disk.img")
    info.size = zeros
    yield info.tobuf(tarfile.GNU_FORMAT)
    left, chunk = zeros + -zeros % 512, bytes(_CHUNK)
    while left:
        piece = chunk[: min(left, len(chunk))]
        left -= len(piece)
        yield piece
    if dense:
        yield _entry("data/dense.bin", dense)
    yield bytes(1024)


def directory_tar() -> bytes:
    """Make a tar of a folder, a link and a hard link: entries without contents."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        folder = tarfile.TarInfo("app")
        folder.type = tarfile.DIRTYPE
        folder.mode = 0o755
        tar.addfile(folder)
        file = tarfile.TarInfo("app/a")
        file.size = 3000
        tar.addfile(file, io.BytesIO(b"a" * 3000))
        for kind, name in ((tarfile.SYMTYPE, "app/b"), (tarfile.LNKTYPE, "app/c")):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = kind, "app/a"
            tar.addfile(link)
    return out.getvalue()
