"""The images of the table, and the registry in memory that has them; its layers are unpacked."""

import gzip
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from slimgate.core.credentials.identity import Identity
from slimgate.core.errors import UnsupportedError
from slimgate.core.images.facts import DiffID, Digest, Platform, Size
from slimgate.core.images.lengths import wrong_size
from slimgate.core.images.oci import DOCKER_CONFIG, DOCKER_MANIFEST, Descriptor
from slimgate.core.images.reference import Reference
from slimgate.core.layers.gzip import TAIL, size_from_tail
from slimgate.engine.ports import LayerReading
from slimgate.engine.unpack import Unpacker, UnpackLimits
from slimgate.registry.layers import Plan, plan
from slimgate.registry.settings import RegistrySettings
from tests.core.layers.tars import file_of, flagged, named, pax
from tests.engine.shelf import AMD64, ARM64, Shelf
from tests.support import zstd
from tests.support.images import Image, Index, Layer, but, digest_of, image, index, layer, tar_of

REGISTRY: Final = "registry.test"
OTHER: Final = "other.test"
KIB: Final = 2**10
_CLAIM: Final = "org.opencontainers.image.base.name"
_DEBIAN: Final = {"created_by": "# debian.sh --arch 'amd64' out/ 'bookworm' '@1765152000'"}
_COPY: Final = {"created_by": "COPY app /app # buildkit"}
_GO: Final = {"Env": ["PATH=/usr/local/go/bin:/bin", "GOLANG_VERSION=1.26.0"]}


def _of(size: int, *paths: str) -> Layer:
    """Make a layer of `size` KiB, a multiple of 10, of noise and of empty files."""
    noise = bytes((i * i * 31 + i // 7) % 256 for i in range(size * KIB - 4 * KIB))
    files = {"app": noise, **dict.fromkeys(paths, b"")}
    made = layer(files, compression="none")
    assert len(made.blob) == size * KIB, (size, len(made.blob))
    return made


_APP: Final = _of(10, "srv")
_MORE: Final = _of(10, "opt")
_BIG: Final = _of(100, "big")
_SYSTEM: Final = _of(20, "bin/sh", "etc/os-release")
_ALPINE: Final = _of(10, "etc/alpine-release", "bin/busybox", "bin/sh")
_GOLDEN: Final = _of(10, "etc/golden")
_GZIP: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
_NOISE: Final = random.Random(1).randbytes(9 * 2**20)  # noqa: S311 - what can't be packed
_LARGE: Final = tar_of({"noise": _NOISE, "zeros": bytes(2**20), "more": _NOISE[: 2**17]})
"""Packs to more than is read whole unless that is asked for."""


def _packed(tar: bytes, blob: bytes) -> Layer:
    return Layer(blob=blob, media_type=_GZIP, diff_id=DiffID(digest_of(tar)))


_HONEST: Final = _packed(_LARGE, gzip.compress(_LARGE, 1, mtime=0))
_ZSTD: Final = Layer(
    blob=zstd.compress(_LARGE),
    media_type="application/vnd.oci.image.layer.v1.tar+zstd",
    diff_id=_HONEST.diff_id,
)
_APPENDED: Final = _packed(_LARGE, _HONEST.blob + gzip.compress(bytes(2**10), mtime=0))
_TRAILING: Final = _packed(_LARGE, _HONEST.blob + bytes(2**10))
_BEFORE: Final = tar_of({"hidden": bytes(30 * 2**20)})[: -2 * 512]
_UNDERSTATED: Final = _packed(_BEFORE + _LARGE, gzip.compress(_BEFORE, mtime=0) + _HONEST.blob)
"""Its end tells the length of the last member."""
_SPARSE_TAR: Final = pax({
    "GNU.sparse.major": "1",
    "GNU.sparse.minor": "0",
    "GNU.sparse.realsize": str(20 * 2**20),
}) + file_of(b"0\n".ljust(512, b"\0"))  # fmt: skip
_SPARSE: Final = _packed(_SPARSE_TAR, gzip.compress(_SPARSE_TAR, mtime=0))
_ZEROS: Final = bytes(99 * KIB)
_BZIP2, _NO_GZIP, _XZ = (
    named(mark, _ZEROS) for mark in (b"BZh9", b"\x1f\x8b\x00", b"\xfd7zXZ\x00")
)
_SIGNED_SUM: Final = named(b"\xff", _ZEROS, signed=True)
_ODD: Final = Layer(
    blob=b"\x1f\x8b" + b"odd" * 100,
    media_type=_GZIP,
    diff_id=_APP.diff_id,
)


def _copies(*layers: Layer, **more: object) -> Image:
    return image(layers, history=[_COPY] * len(layers), **more)  # type: ignore[arg-type]


def _debian(*layers: Layer, config: Mapping[str, object] | None = None) -> Image:
    history = [_DEBIAN, *[_COPY] * len(layers)]
    return image([_SYSTEM, *layers], history=history, config=config)


def _named(name: str, *more: Image | Index, slim: str | None = "linux/amd64") -> Index:
    """Make an index of a fat image that is for a platform, and of a slim one."""
    fat, platforms = _FAT, [name, *([slim] if slim else [])]
    images = [fat, _copies(_APP), *more] if slim else [fat, *more]
    return index(images, platforms=[_platform(one) for one in platforms] + [None] * len(more))


def _asking(content: Index, **fields: object) -> Index:
    """Have the last entry of an index ask for a system that is more than its name says."""
    document = json.loads(content.manifest)
    document["manifests"][-1]["platform"].update(fields)
    return replace(content, manifest=json.dumps(document).encode())


def _platform(text: str) -> Platform | None:
    """Write a platform as it stands; nothing is none at all."""
    return Platform(*text.split("/")) if text else None


def _typed(config: str, **fields: object) -> Image:
    """Make a fat image whose config is of a type."""
    return but(_FAT, config={**json.loads(_FAT.manifest)["config"], "mediaType": config}, **fields)


def _layered(content: Image, **fields: object) -> Image:
    """Change what an image says of its last layer."""
    layers = json.loads(content.manifest)["layers"]
    return but(content, layers=[*layers[:-1], {**layers[-1], **fields}])


def _again(first: Image, last: Image, name: str) -> Image:
    """Have an image's manifest list other layers before its own, which it calls by a name."""
    layers = json.dumps(json.loads(first.manifest)["layers"]).encode()
    own = last.manifest.replace(b'"layers"', f'"{name}"'.encode())
    return replace(last, manifest=b'{"layers": %b, %b' % (layers, own[1:]))


def _configured(content: Image, **fields: object) -> Image:
    """Change fields of an image's config."""
    config = json.dumps({**json.loads(content.config), **fields}).encode()
    named = {**json.loads(content.manifest)["config"], "digest": digest_of(config)}
    return replace(but(content, config={**named, "size": len(config)}), config=config)


def _first(*images: Image) -> Index:
    """List images for one platform, of which runtimes take the first."""
    return index(images, platforms=[AMD64] * len(images))


def _listed(content: Image, entry: object, *more: Image) -> Index:
    """Make an index that lists something odd first."""
    plain = index([content])
    document = json.loads(plain.manifest)
    document["manifests"].insert(0, entry)
    return replace(plain, manifest=json.dumps(document).encode(), images=(content, *more))


def _claiming(base: str, *layers: Layer) -> Image:
    return image(layers, annotations={_CLAIM: f"{REGISTRY}/{base}:1"})


_FAT: Final = _copies(_APP, _BIG)
_FAT_LAYERS: Final = json.loads(_FAT.manifest)["layers"]
_TEXT: Final = "application/vnd.example+json"
_SIGNED: Final = Layer(
    blob=b'{"critical": {}}', media_type=_TEXT, diff_id=DiffID(digest_of(b'{"critical": {}}'))
)
_CHART: Final = but(
    _FAT,
    config={
        **json.loads(_FAT.manifest)["config"],
        "mediaType": "application/vnd.oci.empty.v1+json",
    },
    layers=[{**json.loads(_FAT.manifest)["layers"][1], "mediaType": "application/x-model"}],
)
STOCK: Final[Mapping[str, Image | Index]] = {
    "slim": _copies(_APP),
    "slim2": _copies(_MORE),
    "fat": _copies(_APP, _BIG),
    "fat2": _copies(_MORE, _BIG),
    "layers": _copies(_APP, _MORE, _GOLDEN, _ALPINE),
    "debian": _debian(_APP),
    "golang": _debian(_APP, config=_GO),
    # Its history says debian, and its layer is alpine's.
    "odd": image([_ALPINE], history=[_DEBIAN]),
    "alpine": image([_ALPINE, _APP], history=[_COPY, _COPY]),
    "golden": image([_GOLDEN]),
    "on-golden": image([_GOLDEN, _APP]),
    "claims-golden": _claiming("golden", _GOLDEN, _APP),
    "lies": _claiming("golden", _MORE),
    "claims-none": image([_MORE], annotations={_CLAIM: f"{OTHER}/none:1"}),
    "claims-other": image([_MORE], annotations={_CLAIM: f"{OTHER}/golden:1"}),
    "claims-other-too": image([_GOLDEN, _APP], annotations={_CLAIM: f"{OTHER}/on-golden:1"}),
    # Both stand on what their author pushed, or might have: a debian, and a base of few files.
    "bare-debian": image([_SYSTEM], history=[_COPY]),
    "on-bare-debian": image(
        [_SYSTEM, _APP], history=[_DEBIAN, _COPY], annotations={_CLAIM: f"{OTHER}/bare-debian:1"}
    ),
    "debian-on-golden": image([_GOLDEN, _SYSTEM], history=[_COPY, _COPY]),
    "malformed": image([_ODD]),
    # All unpack to 10 MiB, or tell so: the ends of the first three are doubtful.
    "large-zstd": _copies(_ZSTD),
    "appended": _copies(_APPENDED),
    "trailing": _copies(_TRAILING),
    "honest": _copies(_HONEST),
    "understated": _copies(_UNDERSTATED),
    "sparse": _copies(_SPARSE),
    # What Go reads and others do not: flags without a meaning, sums of signed bytes, and names of
    # first files that are marks of what containerd knows nothing of.
    "odd-flags": _copies(_packed(_BZIP2, flagged(_BZIP2, 0xFE))),
    "odd-sum": _copies(_packed(_SIGNED_SUM, _SIGNED_SUM)),
    "like-bzip2": _copies(_packed(_BZIP2, _BZIP2)),
    "like-gzip": _copies(_packed(_NO_GZIP, _NO_GZIP)),
    "like-xz": _copies(_packed(_XZ, _XZ)),
    "both": index([_copies(_APP), _copies(_APP, _BIG, platform=ARM64)]),
    "single": _copies(_APP, _MORE),
    "arm": index([_copies(_APP, platform=ARM64)]),
    # Each of these has a runtime take the fat image: rows say for which nodes.
    "x86-64": _named("linux/x86_64"),
    "capitals": _named("linux/AMD64"),
    "system-in-capitals": _named("Linux/amd64"),
    "no-system": _named("/amd64"),
    "v1": _named("linux/amd64/v1"),
    "v3": _named("linux/amd64/v3"),
    "twice": _named("linux/amd64"),
    "second": index([_copies(_APP), _FAT]),
    "aarch64": _named("linux/aarch64", slim="linux/arm64"),
    "arm64-8": _named("linux/arm64/8", slim="linux/arm64/v8"),
    "i386": _named("linux/386", slim=None),
    "arm-v5": _named("linux/arm/v5", slim=None),
    "arm-v6": _named("linux/arm/v6", slim="linux/arm/v7"),
    "no-platform": _named("", slim=None),
    "no-platform-beside-386": _named("", slim="linux/386"),
    "no-platform-beside-v1": _named("", slim="linux/amd64/v1"),
    "no-platform-beside-features": _asking(_named(""), **{"os.features": ["any"]}),
    "386-beside-features": _asking(_named("linux/386"), **{"os.features": ["any"]}),
    "turkish": _named("l\u0130nux/amd64"),
    "arm64-v8.0": _named("linux/arm/v7", slim="linux/arm64/v8.0"),
    "nested": index([index([_FAT])]),
    "nested-thrice": index([index([index([index([_FAT])])])]),
    "386-beside": _named("linux/386"),
    "for-nobody": _named("unknown/unknown", slim=None),
    "beside-broken": index(
        [_FAT, but(_FAT, layers=1)], platforms=[AMD64, _platform("Linux/amd64")]
    ),
    "artifact-type": but(_FAT, artifactType="application/vnd.example.app"),
    "octet-stream": _typed("application/octet-stream"),
    "no-config-type": _typed(""),
    "docker-zstd": _layered(_FAT, mediaType="application/vnd.docker.image.rootfs.diff.tar.zstd"),
    "odd-layer": _layered(_FAT, mediaType="application/octet-stream"),
    # Told by the types of its layers, one of which is a whole file system.
    "texts": but(_FAT, layers=[{**one, "mediaType": _TEXT} for one in _FAT_LAYERS]),
    "docker-odd": replace(
        but(
            _FAT,
            mediaType=DOCKER_MANIFEST,
            config={**json.loads(_FAT.manifest)["config"], "mediaType": "application/x"},
            layers=[{**one, "mediaType": DOCKER_CONFIG} for one in _FAT_LAYERS],
        ),
        media_type=DOCKER_MANIFEST,
    ),
    "signature": but(
        _copies(_SIGNED),
        layers=[{**json.loads(_copies(_SIGNED).manifest)["layers"][0], "mediaType": _TEXT}],
    ),
    "model": _layered(
        _typed("application/vnd.oci.empty.v1+json", layers=json.loads(_FAT.manifest)["layers"][:1]),
        mediaType="application/x-model",
    ),
    # Configs that slimgate can't use: containerd runs the first three, and CRI-O all.
    "null-steps": _configured(_FAT, history=[None, None]),
    "labels": _configured(_FAT, config={"Labels": {str(n): "" for n in range(33_000)}}),
    "beside-null-steps": _first(
        but(_configured(_FAT, history=[None]), artifactType="application/vnd.example.app"),
        _copies(_APP),
    ),
    "no-diff-ids": _configured(_FAT, rootfs={}),
    "beside-no-diff-ids": _first(
        but(_configured(_FAT, rootfs={}), artifactType="application/vnd.example.app"),
        _copies(_APP),
    ),
    # CRI-O takes both.
    "no-config-size": but(_FAT, config={**json.loads(_FAT.manifest)["config"], "size": None}),
    "odd-annotations": replace(
        but(
            _FAT,
            mediaType=DOCKER_MANIFEST,
            annotations=5,
            layers=[{**one, "annotations": 5, "platform": 5} for one in _FAT_LAYERS],
        ),
        media_type=DOCKER_MANIFEST,
    ),
    # Indexes of which something is wrong that no runtime, or only CRI-O, passes over.
    "null-entry": _listed(_FAT, None),
    "odd-digest": _listed(_FAT, {"digest": "md5:1", "size": 1, "platform": {"os": "linux"}}),
    "no-size": _listed(
        _copies(_APP),
        {"digest": _FAT.digest, "platform": {"os": "linux", "architecture": "amd64"}},
        _FAT,
    ),
    "too-few-layers": but(_FAT, layers=[]),
    "wrong-config-size": but(_FAT, config={**json.loads(_FAT.manifest)["config"], "size": 1}),
    "layers-again": _again(_copies(_APP), _FAT, "layers"),
    "layers-in-capitals": _again(_copies(_APP), _FAT, "LAYERS"),
    "slim-again": _again(_FAT, _copies(_APP), "Layers"),
    "elsewhere": _layered(
        _FAT,
        mediaType="application/vnd.oci.image.layer.nondistributable.v1.tar",
        urls=["https://other.test/layer"],
    ),
    # Their manifests say a byte of the last layer, or a gigabyte.
    "short": _layered(_FAT, size=1),
    "short-slim": _layered(_copies(_APP), size=1),
    "long": _layered(_copies(_APP), size=10**9),
    "short-beside": index([_layered(_FAT, size=1), _copies(_APP)], platforms=[AMD64, ARM64]),
    "poisoned": _layered(_FAT, mediaType="application/vnd.oci.image.layer.v1.tar+encrypted"),
}


class Registry(Shelf):
    """Has the whole stock in two registries, each image as `1`."""

    def __init__(self) -> None:
        stocked = _stocked()
        super().__init__(documents={**stocked.documents}, blobs={**stocked.blobs})

    async def layer(
        self, reference: Reference, layer: Descriptor, identity: Identity, *, whole: bool = False
    ) -> LayerReading:
        """Look at a layer as the client of registries does."""
        await self._ask("whole" if whole else "layer", reference, layer.digest, identity)
        way = plan(layer, RegistrySettings(), whole=whole)
        if isinstance(way, Size):
            return LayerReading(unpacked=way)
        blob = self._blob(reference, layer.digest)
        if len(blob) != layer.size:
            raise UnsupportedError(f"it has {len(blob)} bytes, {wrong_size(layer.size)}")
        if way is Plan.TAIL:
            return LayerReading(unpacked=size_from_tail(blob[-TAIL:], len(blob)))
        unpacker = Unpacker(UnpackLimits())
        unpacker.feed(blob)
        return unpacker.finish()


@cache
def _stocked() -> Shelf:
    shelf = Shelf()
    for name, content in STOCK.items():
        shelf.put(reference(name), content)
        shelf.put(f"{OTHER}/{name}:1", content)
    return shelf


def reference(name: str) -> str:
    """Write the reference of an image of the stock; all else is one."""
    return f"{REGISTRY}/{name}:1" if name in STOCK else name


def digests(name: str) -> list[Digest]:
    """List the manifests of an image of the stock."""
    found = STOCK.get(name)
    return [] if found is None else [one.digest for one in _manifests(found)]


def _manifests(content: Image | Index) -> Iterator[Image]:
    if isinstance(content, Image):
        yield content
    else:
        for one in content.images:
            yield from _manifests(one)
