"""What hostile registries serve: images that cost far more to read than to push."""

import gzip
import json
import random
import tarfile
import zlib
from collections.abc import Mapping
from typing import Final

from slimgate.core.images.facts import DiffID
from slimgate.core.images.oci import MAX_DOCUMENT, OCI_CONFIG, OCI_MANIFEST, Descriptor
from tests.support.images import (
    OCI_LAYER,
    Image,
    Layer,
    compress,
    describe,
    digest_of,
    image,
    tar_of,
)

_GZIP: Final = f"{OCI_LAYER}+gzip"
_ROOM: Final = 4_096
"""Of a document as large as slimgate reads, for all that isn't ballast."""


def large_manifest(seed: int, *, size: int = MAX_DOCUMENT) -> Image:
    """Make an image whose manifest is as large as one may be, of annotations."""
    return _grown(image([_small(seed)]), size)


def large_fat_manifest(seed: int, limit: int) -> Image:
    """Make an image beyond a limit of pull size, whose manifest is as large as one may be."""
    body = image([_small(seed)])
    manifest = json.loads(body.manifest)
    manifest["layers"].append(_told(limit * 2, seed))
    config = json.loads(body.config)
    config["rootfs"]["diff_ids"].append(digest_of(b"unpacked"))
    return _grown(_with(body, manifest, json.dumps(config).encode()), MAX_DOCUMENT)


def long_instructions(seed: int) -> Image:
    """Make an image whose history is as large as a config may be."""
    rng = random.Random(seed)
    ballast = rng.randbytes(2**15).hex() * ((MAX_DOCUMENT - _ROOM) // 2**16 // 2)
    steps = [{"created_by": f"RUN {ballast}"}, {"created_by": f"RUN echo {ballast}"}]
    return image([_small(seed)], history=[*steps[:1], {**steps[1], "empty_layer": True}])


def long_path(seed: int, *, length: int = 2**16) -> Image:
    """Make an image of a layer of some hundred bytes, in which a path is 64 KiB long."""
    rng = random.Random(seed)
    path = "/".join("a" * rng.randint(1, 3) for _ in range(length))[:length].rstrip("/")
    return image([_packed({path: b""})])


def deep_paths(seed: int, *, count: int = 2_000) -> Image:
    """Make an image of files that each stand in as many folders as a path has room for."""
    paths = {"/".join(f"{seed + i:x}" for _ in range(600)): b"" for i in range(count)}
    return image([_packed(paths)])


def many_files(seed: int, *, megabytes: int = 300) -> Image:
    """Make an image of a layer of some hundred KB that is hundreds of thousands of files."""
    return image([_repeated(_header(f"{seed:x}") * 2**11, megabytes, seed)])


def zeros(seed: int, *, megabytes: int) -> Image:
    """Make an image of a layer that is a thousandth of what it unpacks to."""
    return image([_repeated(bytes(2**20), megabytes, seed)])


def many_layers(seed: int, *, count: int = 900, size: int = 1) -> Image:
    """Make an image of as many layers as a manifest may have, none of which is there."""
    base = image([])
    layers = [_told(size, seed * 10_000 + i) for i in range(count)]
    manifest = {**json.loads(base.manifest), "layers": layers}
    config = json.loads(base.config)
    config["rootfs"]["diff_ids"] = [digest_of(f"u{seed}-{i}".encode()) for i in range(count)]
    return _with(base, manifest, json.dumps(config).encode())


def login(seed: int, *, size: int) -> bytes:
    """Make a docker config of so many bytes, of logins for as many hosts as fit."""
    auths: dict[str, Mapping[str, str]] = {}
    left, number = size - 64, 0
    while left > 0:
        host = f"https://h{seed}-{number}.example.com/v1/"
        auths[host] = {"auth": "YTpi"}
        left -= len(host) + 24
        number += 1
    return json.dumps({"auths": auths}, separators=(",", ":")).encode()


def _grown(made: Image, size: int) -> Image:
    manifest = json.loads(made.manifest)
    entry = 900
    count = (size - _ROOM - len(made.manifest)) // (entry + 20)
    manifest["annotations"] = {f"{i:012d}": "x" * entry for i in range(count)}
    return _with(made, manifest, made.config)


def _with(made: Image, manifest: dict[str, object], config: bytes) -> Image:
    described = Descriptor(media_type=OCI_CONFIG, digest=digest_of(config), size=len(config))
    whole = {**manifest, "config": describe(described)}
    return Image(
        media_type=OCI_MANIFEST,
        manifest=json.dumps(whole, separators=(",", ":")).encode(),
        config=config,
        layers=made.layers,
        platform=made.platform,
    )


def _repeated(chunk: bytes, megabytes: int, seed: int) -> Layer:
    """Pack a megabyte so many times, behind a file of its own; whoever unpacks it finds it damaged.

    Sums of hundreds of megabytes take seconds to make, and are checked when all has been unpacked.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    first = _header(f"first-{seed}")
    if not any(chunk):
        first += _header(f"zeros-{seed}", size=megabytes * 2**20)
    head = packer.compress(first) + packer.flush(zlib.Z_FULL_FLUSH)
    middle = packer.compress(chunk) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(bytes(1024)) + packer.flush(zlib.Z_FINISH)
    size = (len(first) + megabytes * len(chunk) + 1024) % 2**32
    trailer = bytes(4) + size.to_bytes(4, "little")
    blob = gzip.compress(b"", mtime=0)[:10] + head + middle * megabytes + end + trailer
    return Layer(blob=blob, media_type=_GZIP, diff_id=DiffID(digest_of(first)))


def _small(seed: int) -> Layer:
    return _packed({f"file-{seed}": b"x"})


def _packed(files: Mapping[str, bytes]) -> Layer:
    tar = tar_of(files, form=tarfile.GNU_FORMAT)
    return Layer(blob=compress(tar, "gzip"), media_type=_GZIP, diff_id=DiffID(digest_of(tar)))


def _header(name: str, *, size: int = 0) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def _told(size: int, number: int) -> dict[str, object]:
    """Tell of a layer in a manifest that nobody has to push."""
    digest = digest_of(str(number).encode())
    return describe(Descriptor(media_type=_GZIP, digest=digest, size=size))
