"""The images of the table, and the registry in memory that has them; its layers are unpacked."""

from collections.abc import Mapping
from typing import Final

from slimgate.core.credentials.identity import Identity
from slimgate.core.images.facts import Digest
from slimgate.core.images.oci import Descriptor
from slimgate.core.images.reference import Reference
from slimgate.engine.ports import LayerReading
from slimgate.engine.unpack import Unpacker, UnpackLimits
from tests.engine.shelf import ARM64, Shelf
from tests.support.images import Image, Index, Layer, image, index, layer

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
_ODD: Final = Layer(
    blob=b"\x1f\x8b" + b"odd" * 100,
    media_type="application/vnd.oci.image.layer.v1.tar+gzip",
    diff_id=_APP.diff_id,
)


def _copies(*layers: Layer, **more: object) -> Image:
    return image(layers, history=[_COPY] * len(layers), **more)  # type: ignore[arg-type]


def _debian(*layers: Layer, config: Mapping[str, object] | None = None) -> Image:
    history = [_DEBIAN, *[_COPY] * len(layers)]
    return image([_SYSTEM, *layers], history=history, config=config)


def _claiming(base: str, *layers: Layer) -> Image:
    return image(layers, annotations={_CLAIM: f"{REGISTRY}/{base}:1"})


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
    "malformed": image([_ODD]),
    "both": index([_copies(_APP), _copies(_APP, _BIG, platform=ARM64)]),
    "single": _copies(_APP, _MORE),
    "arm": index([_copies(_APP, platform=ARM64)]),
}


class Registry(Shelf):
    """Has the whole stock in two registries, each image as `1`."""

    def __init__(self) -> None:
        super().__init__()
        for name, content in STOCK.items():
            self.put(reference(name), content)
            self.put(f"{OTHER}/{name}:1", content)

    async def layer(
        self, reference: Reference, layer: Descriptor, identity: Identity
    ) -> LayerReading:
        """Read a layer whole."""
        await self._ask("layer", reference, layer.digest, identity)
        unpacker = Unpacker(UnpackLimits())
        unpacker.feed(self._blob(reference, layer.digest))
        return unpacker.finish()


def reference(name: str) -> str:
    """Write the reference of an image of the stock; all else is one."""
    return f"{REGISTRY}/{name}:1" if name in STOCK else name


def digests(name: str) -> list[Digest]:
    """List the manifests of an image of the stock."""
    found = STOCK.get(name)
    return [] if found is None else [one.digest for one in getattr(found, "images", (found,))]
