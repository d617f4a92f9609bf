"""Tiny images, made as files of a layout or of a docker archive."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.errors import ImageError
from slimgate.core.images.oci import Index, Manifest, parse_document
from slimgate.core.images.source import parse_source
from slimgate.engine.ports import Document, LayerReading, pull_size
from slimgate.sources.opening import open_source

CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
TAR = "application/vnd.oci.image.layer.v1.tar"
REF_NAME = "org.opencontainers.image.ref.name"

Files = dict[str, bytes]
Json = dict[str, object]


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """Make a tar of regular files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return buffer.getvalue()


def sha(body: bytes, algorithm: str = "sha256") -> str:
    """Name bytes by their digest."""
    return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"


def config_of(tars: Sequence[bytes], architecture: str = "amd64") -> bytes:
    """Make a config whose layers are these tars."""
    rootfs = {"type": "layers", "diff_ids": [sha(tar) for tar in tars]}
    return json.dumps({"os": "linux", "architecture": architecture, "rootfs": rootfs}).encode()


def descriptor(media_type: str, body: bytes) -> Json:
    """Make a descriptor of a body."""
    return {"mediaType": media_type, "digest": sha(body), "size": len(body)}


def add_blob(files: Files, body: bytes) -> None:
    """Put a blob where a layout has it."""
    files[f"blobs/{sha(body).replace(':', '/')}"] = body


def add_image(
    files: Files,
    layers: Sequence[bytes] = (b"",),
    *,
    architecture: str = "amd64",
    with_layers: bool = True,
    gzipped: bool = True,
    more: Mapping[str, object] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Json:
    """Put an image into a layout; return what its index says of it."""
    stored = [gzip.compress(layer, mtime=0) if gzipped else layer for layer in layers]
    config = config_of(layers, architecture)
    content = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, config),
        "layers": [descriptor(f"{TAR}+gzip" if gzipped else TAR, layer) for layer in stored],
        **({"annotations": annotations} if annotations else {}),
    }
    manifest = json.dumps(content).encode()
    for body in (config, manifest, *(stored if with_layers else ())):
        add_blob(files, body)
    return {**descriptor(MANIFEST, manifest), **(more or {})}


def set_index(files: Files, *manifests: Json) -> None:
    """Write a layout's index.json."""
    root = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
    files |= {
        "index.json": json.dumps(root).encode(),
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
    }


def write_folder(files: Files, folder: Path) -> Path:
    """Write files into a folder."""
    for name, body in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return folder


async def read(text: str, docker_host: str | None = None) -> list[tuple[Document, Manifest]]:
    """Read every manifest that a sourced reference leads to."""
    sourced = parse_source(text)
    source = open_source(sourced, docker_host=docker_host)
    top = await source.document(sourced.reference, ANONYMOUS)
    parsed = parse_document(top.body, top.media_type)
    assert top.digest == await source.resolve(sourced.reference, ANONYMOUS)
    if isinstance(parsed, Manifest):
        return [(top, parsed)]
    found = []
    for entry in parsed.manifests:
        if not entry.is_attestation:
            reference = sourced.reference.at(entry.digest)
            document = await source.document(reference, ANONYMOUS)
            manifest = parse_document(document.body, document.media_type)
            assert not isinstance(manifest, Index)
            found.append((document, manifest))
    return found


async def sizes(
    text: str, docker_host: str | None = None
) -> list[list[tuple[int | None, int | None]]]:
    """Read the pull and unpacked sizes of every layer of every platform's image."""
    sourced = parse_source(text)
    source = open_source(sourced, docker_host=docker_host)
    found = []
    for document, manifest in await read(text, docker_host):
        rows = []
        for layer in manifest.layers:
            reading = await source.layer(sourced.reference, layer, ANONYMOUS)
            pull = pull_size(document, layer, reading)
            rows.append((pull.bytes, reading.unpacked.bytes))
        found.append(rows)
    return found


async def first_layer(text: str) -> LayerReading:
    """Read the first layer of the first image."""
    sourced = parse_source(text)
    (_, manifest), *_ = await read(text)
    return await open_source(sourced).layer(sourced.reference, manifest.layers[0], ANONYMOUS)


async def refusal(text: str, docker_host: str | None = None) -> ImageError:
    """Read what must be refused, layers and all, and return the error."""
    with pytest.raises(ImageError) as caught:
        await sizes(text, docker_host)
    assert str(caught.value).isprintable()
    return caught.value
