"""The forms that layers come in: what each weighs, and what is known of it without pulling."""

import gzip
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from slimgate.core.images.facts import Platform
from tests.sizes.packing import (
    MIB,
    Packed,
    directory_tar,
    frames,
    members,
    packed,
    skippable,
    sparse,
    stargz,
)
from tests.support import zstd
from tests.support.images import AMD64, DOCKER_LAYER, Image, Index, Layer, image, index, tar_of

ARM64 = Platform("linux", "arm64")
MANY_MEMBERS = "the layer has many gzip members and is too large to be read whole"
LESS = "the length in the gzip trailer is below the layer's compressed size"
NO_LENGTH = "the layer is too large to be read whole and does not state its length"

Platforms = tuple[tuple[Packed, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Form:
    """An image, its layers for each platform, and why its unpacked size is unknown, if it is.

    `engine` says whether a Docker engine of version 20.10 can unpack it.
    """

    name: str
    content: Image | Index
    platforms: Platforms
    reason: str | None = None
    engine: bool = True

    @property
    def pull(self) -> list[list[int]]:
        """The layers' sizes as stored."""
        return [[len(one.layer.blob) for one in layers] for layers in self.platforms]

    @property
    def unpacked(self) -> list[list[int]]:
        """The lengths of the layers' tars."""
        return [[one.unpacked for one in layers] for layers in self.platforms]

    @property
    def layers(self) -> list[Packed]:
        """The layers of all platforms."""
        return [layer for layers in self.platforms for layer in layers]


def text(seed: int, size: int) -> bytes:
    """Make text that packs to a little more than half, as programs do."""
    return random.Random(seed).randbytes(size // 2).hex().encode()  # noqa: S311


def _files(seed: int, *sizes: int) -> dict[str, bytes]:
    return {f"data/{seed}-{i}": text(seed + i, size) for i, size in enumerate(sizes)}


def _tar(seed: int, *sizes: int) -> bytes:
    return tar_of(_files(seed, *sizes))


def _gzip(tar: bytes) -> Packed:
    return packed(tar, gzip.compress(tar, mtime=0))


def _zstd(tar: bytes) -> Packed:
    return packed(tar, zstd.compress(tar), "+zstd")


def _plain(tar: bytes) -> Packed:
    return packed(tar, tar, "")


def _form(
    name: str,
    *layers: Packed,
    reason: str | None = None,
    engine: bool = True,
    history: Sequence[Mapping[str, object]] = (),
) -> Form:
    content = image([one.layer for one in layers], history=history)
    return Form(name=name, content=content, platforms=(layers,), reason=reason, engine=engine)


def _docker(name: str, *tars: bytes) -> Form:
    layers = [
        Packed(
            layer=Layer(
                blob=one.layer.blob, media_type=f"{DOCKER_LAYER}.gzip", diff_id=one.layer.diff_id
            ),
            unpacked=one.unpacked,
        )
        for one in map(_gzip, tars)
    ]
    content = image([one.layer for one in layers], docker=True)
    return Form(name=name, content=content, platforms=(tuple(layers),))


def _two_platforms(name: str, *, docker: bool) -> Form:
    small, large = _gzip(_tar(61, 20_000)), _gzip(_tar(62, 50_000, 700))
    images = [
        image([small.layer], platform=AMD64, docker=docker),
        image([small.layer, large.layer], platform=ARM64, docker=docker),
    ]
    content = index(images, docker=docker)
    return Form(name=name, content=content, platforms=((small,), (small, large)))


def _empty_layers() -> Form:
    history: list[Mapping[str, object]] = [
        {"created_by": "COPY a /"},
        {"created_by": "ENV A=1", "empty_layer": True},
        {"created_by": "RUN true"},
        {"created_by": "CMD a", "empty_layer": True},
        {"created_by": "COPY b /"},
    ]
    layers = (_gzip(_tar(21, 9_000)), _gzip(bytes(1024)), _gzip(_tar(22, 100)))
    return _form("empty-layers", *layers, history=history)


def _blocks(name: str, size: int) -> Form:
    tar = _tar(71, 20 * MIB)
    return _form(name, packed(tar, members(tar, size)), reason=LESS)


def _appended() -> Form:
    # Who adds a file to a layer without unpacking it drops nothing of what is there.
    first, second = _tar(81, 20 * MIB), _tar(82, 3000)
    blob = gzip.compress(first, mtime=0) + gzip.compress(second, mtime=0)
    return _form("large-appended", packed(first + second, blob), reason=LESS)


def called_gzip() -> Packed:
    """Pack as zstd that passes for gzip, with a frame to be skipped that tells the length 1 GiB."""
    tar = _tar(91, 20 * MIB)
    blob = zstd.compress(tar)
    return packed(tar, blob + skippable((2**30).to_bytes(4, "little")))


_MAKERS: Mapping[str, Callable[[], Form]] = {
    "gzip": lambda: _form("gzip", _gzip(_tar(1, 100_000)), _gzip(_tar(2, 5, 0, 512))),
    "links": lambda: _form("links", _gzip(directory_tar())),
    "members": lambda: _form("members", packed(t := _tar(3, 300_000), members(t, 70_000))),
    "estargz": lambda: _form("estargz", stargz(_files(4, 80_000, 10))),
    "zstd": lambda: _form("zstd", _zstd(_tar(5, 200_000)), engine=False),
    "zstd-frames": lambda: _form(
        "zstd-frames", packed(t := _tar(6, 300_000), frames(t, 99_999), "+zstd"), engine=False
    ),
    "uncompressed": lambda: _form("uncompressed", _plain(_tar(7, 40_000))),
    "empty-layers": _empty_layers,
    "docker-v2": lambda: _docker("docker-v2", _tar(8, 60_000), _tar(9, 1)),
    "two-platforms": lambda: _two_platforms("two-platforms", docker=False),
    "docker-list": lambda: _two_platforms("docker-list", docker=True),
    "large-gzip": lambda: _form("large-gzip", _gzip(_tar(10, 20 * MIB, 3))),
    "large-halves": lambda: _blocks("large-halves", 10 * MIB),
    "large-blocks": lambda: _blocks("large-blocks", MIB // 2),
    "large-appended": _appended,
    "large-estargz": lambda: _form(
        "large-estargz", stargz(_files(11, 20 * MIB, 9)), reason=MANY_MEMBERS
    ),
    "large-zstd": lambda: _form(
        "large-zstd", _zstd(_tar(12, 20 * MIB)), reason=NO_LENGTH, engine=False
    ),
    "large-uncompressed": lambda: _form("large-uncompressed", _plain(_tar(13, 9 * MIB))),
    "sparse": lambda: _form("sparse", sparse(200 * MIB), _gzip(_tar(14, 10))),
}
NAMES = tuple(_MAKERS)
ENGINE_NAMES = tuple(name for name in NAMES if "zstd" not in name)


def make(name: str) -> Form:
    """Make the form of a name, the same bytes every time."""
    return _MAKERS[name]()
