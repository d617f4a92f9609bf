"""Makes tiny images, the same bytes every time, and pushes them to a registry.

Everything is bytes in memory; `Pusher` speaks the registry's HTTP API with the standard library.
"""

import gzip
import hashlib
import io
import json
import ssl
import tarfile
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from slimgate.core.images.facts import DiffID, Digest, Platform
from slimgate.core.images.oci import (
    DOCKER_CONFIG,
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
)
from tests.support import zstd

OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
AMD64 = Platform("linux", "amd64")


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer as stored, and the tar that it unpacks to where that is at hand."""

    blob: bytes = field(repr=False)
    media_type: str
    diff_id: DiffID
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def descriptor(self) -> Descriptor:
        """What a manifest says of it."""
        return Descriptor(
            media_type=self.media_type,
            digest=digest_of(self.blob),
            size=len(self.blob),
            annotations=self.annotations,
        )


@dataclass(frozen=True, kw_only=True)
class Image:
    """A manifest, its config and its layers."""

    media_type: str
    manifest: bytes = field(repr=False)
    config: bytes = field(repr=False)
    layers: tuple[Layer, ...]
    platform: Platform

    @property
    def digest(self) -> Digest:
        """The manifest's."""
        return digest_of(self.manifest)

    @property
    def config_descriptor(self) -> Descriptor:
        """What the manifest says of the config."""
        kind = OCI_CONFIG if self.media_type == OCI_MANIFEST else DOCKER_CONFIG
        return Descriptor(media_type=kind, digest=digest_of(self.config), size=len(self.config))


@dataclass(frozen=True, kw_only=True)
class Index:
    """An index and the images in it."""

    media_type: str
    manifest: bytes = field(repr=False)
    images: tuple["Image | Index", ...]

    @property
    def digest(self) -> Digest:
        """The index's own."""
        return digest_of(self.manifest)


def digest_of(body: bytes) -> Digest:
    """Compute a sha256 digest."""
    return Digest(f"sha256:{hashlib.sha256(body).hexdigest()}")


def tar_of(files: Mapping[str, bytes], *, form: int = tarfile.PAX_FORMAT) -> bytes:
    """Make a tar of files, in their order, padded to whole 10 KiB records as tar does."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


def compress(tar: bytes, compression: str) -> bytes:
    """Pack a tar by "gzip", "zstd" or "none"."""
    if compression == "gzip":
        return gzip.compress(tar, mtime=0)
    if compression == "zstd":
        return zstd.compress(tar)
    return tar


def layer(
    files: Mapping[str, bytes],
    *,
    compression: str = "gzip",
    kind: str = OCI_LAYER,
    annotations: Mapping[str, str] | None = None,
) -> Layer:
    """Make a layer of files; `compression` is "gzip", "zstd" or "none"."""
    tar = tar_of(files)
    separator = "." if kind == DOCKER_LAYER else "+"
    return Layer(
        blob=compress(tar, compression),
        media_type=kind if compression == "none" else f"{kind}{separator}{compression}",
        diff_id=DiffID(digest_of(tar)),
        annotations=annotations or {},
    )


def image(
    layers: Sequence[Layer],
    *,
    platform: Platform = AMD64,
    config: Mapping[str, object] | None = None,
    history: Sequence[Mapping[str, object]] = (),
    annotations: Mapping[str, str] | None = None,
    docker: bool = False,
) -> Image:
    """Make an image; `config` is the config's inner object: Env, Labels, Entrypoint, ..."""
    document: dict[str, object] = {
        "architecture": platform.architecture,
        "os": platform.os,
        "config": dict(config or {}),
        "rootfs": {"type": "layers", "diff_ids": [one.diff_id for one in layers]},
        "history": [dict(entry) for entry in history],
    }
    if platform.variant:
        document["variant"] = platform.variant
    body = _dump(document)
    made = Image(
        media_type=DOCKER_MANIFEST if docker else OCI_MANIFEST,
        manifest=b"",
        config=body,
        layers=tuple(layers),
        platform=platform,
    )
    manifest: dict[str, object] = {
        "schemaVersion": 2,
        "mediaType": made.media_type,
        "config": describe(made.config_descriptor),
        "layers": [describe(one.descriptor) for one in layers],
    }
    if annotations:
        manifest["annotations"] = dict(annotations)
    return Image(
        media_type=made.media_type,
        manifest=_dump(manifest),
        config=body,
        layers=tuple(layers),
        platform=platform,
    )


def index(
    images: Sequence[Image | Index],
    *,
    docker: bool = False,
    platforms: Sequence[Platform | None] | None = None,
) -> Index:
    """Make an index of images, one for each platform, or for what `platforms` call them."""
    media_type = DOCKER_INDEX if docker else OCI_INDEX
    named = platforms or [one.platform if isinstance(one, Image) else None for one in images]
    manifests = []
    for one, platform in zip(images, named, strict=True):
        entry = Descriptor(media_type=one.media_type, digest=one.digest, size=len(one.manifest))
        more = {} if platform is None else {"platform": _platform(platform)}
        manifests.append({**describe(entry), **more})
    document = {"schemaVersion": 2, "mediaType": media_type, "manifests": manifests}
    return Index(media_type=media_type, manifest=_dump(document), images=tuple(images))


def but(content: Image, **fields: object) -> Image:
    """Change fields of an image's manifest."""
    return replace(content, manifest=_dump({**json.loads(content.manifest), **fields}))


def _platform(platform: Platform) -> dict[str, str]:
    found = {
        "os": platform.os,
        "architecture": platform.architecture,
        "variant": platform.variant or "",
    }
    return {key: text for key, text in found.items() if text}


def describe(descriptor: Descriptor) -> dict[str, object]:
    """Write a descriptor as JSON has it."""
    found: dict[str, object] = {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size,
    }
    if descriptor.annotations:
        found["annotations"] = dict(descriptor.annotations)
    return found


@dataclass(frozen=True, kw_only=True)
class Pusher:
    """Pushes to one registry; `url` is `http://host:port`, `authorization` a ready header."""

    url: str
    authorization: str | None = None
    context: ssl.SSLContext | None = None

    def push(self, repository: str, tag: str, content: Image | Index) -> Digest:
        """Push an image or an index with everything that it needs; gives its digest."""
        if isinstance(content, Index):
            for one in content.images:
                self.push(repository, one.digest, one)
        else:
            for blob in (content.config, *(one.blob for one in content.layers)):
                self.blob(repository, blob)
        self.manifest(repository, tag, content.media_type, content.manifest)
        return content.digest

    def blob(self, repository: str, blob: bytes) -> None:
        """Push one blob in one piece."""
        location = self._send("POST", f"{self.url}/v2/{repository}/blobs/uploads/")
        upload = urllib.parse.urljoin(self.url, location)
        query = urllib.parse.urlencode({"digest": digest_of(blob)})
        separator = "&" if "?" in upload else "?"
        self._send("PUT", f"{upload}{separator}{query}", blob, "application/octet-stream")

    def manifest(self, repository: str, identifier: str, media_type: str, body: bytes) -> None:
        """Push one manifest under a tag or its digest."""
        url = f"{self.url}/v2/{repository}/manifests/{identifier}"
        self._send("PUT", url, body, media_type)

    def _send(self, method: str, url: str, body: bytes = b"", media_type: str | None = None) -> str:
        request = urllib.request.Request(url, data=body, method=method)  # noqa: S310
        request.add_header("User-Agent", "pusher")
        if media_type is not None:
            request.add_header("Content-Type", media_type)
        if self.authorization is not None:
            request.add_header("Authorization", self.authorization)
        with urllib.request.urlopen(request, context=self.context, timeout=30) as answer:  # noqa: S310
            return str(answer.headers.get("Location", ""))


def _dump(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
