"""Measures a layer while its bytes pass: length and digest as stored, and what it unpacks to."""

import hashlib
import itertools
from collections.abc import Iterable
from typing import Final

from slimgate.core.images.facts import Digest
from slimgate.core.layers.packing import packing_of
from slimgate.engine.unpack import Unpacker, UnpackLimits
from slimgate.sources.files import Blob

TAR: Final = "application/vnd.oci.image.layer.v1.tar"
_LIMITS: Final = UnpackLimits(max_bytes=64 * 2**30, max_seconds=300)
"""For one layer; more than an admission may spend, since a person waits and can interrupt."""


def measure(chunks: Iterable[bytes], algorithm: str) -> Blob:
    """Read a layer through, with a digest of the algorithm that names it."""
    chunks = iter(chunks)
    first = next(chunks, b"")
    digest, unpacker, size = hashlib.new(algorithm), Unpacker(_LIMITS), 0
    for chunk in itertools.chain((first,), chunks):
        size += len(chunk)
        digest.update(chunk)
        unpacker.feed(chunk)
    return Blob(
        size=size,
        digest=Digest(f"{algorithm}:{digest.hexdigest()}"),
        media_type=_media_type(first),
        reading=unpacker.finish(),
    )


def algorithm_of(name: str) -> str:
    """Tell the algorithm of a blob's digest from its name in a layout."""
    return "sha512" if name.startswith("blobs/sha512/") else "sha256"


def _media_type(first: bytes) -> str:
    packing = packing_of(first)
    return f"{TAR}+{packing.value}" if packing else TAR
