"""Writes the OCI documents that a source without registry documents lacks."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from slimgate.core.images.facts import Digest, Platform
from slimgate.core.images.oci import OCI_INDEX, OCI_MANIFEST, Descriptor
from slimgate.engine.ports import Document


def sha256_of(body: bytes) -> Digest:
    """Name bytes by their digest."""
    return Digest(f"sha256:{hashlib.sha256(body).hexdigest()}")


def manifest_of(config: Descriptor, layers: Iterable[Descriptor]) -> Document:
    """Write a manifest."""
    entries = [_descriptor(layer) for layer in layers]
    return _document(OCI_MANIFEST, {"config": _descriptor(config), "layers": entries})


def index_of(manifests: Iterable[Descriptor]) -> Document:
    """Write an index, whose entries keep their platforms."""
    return _document(OCI_INDEX, {"manifests": [_descriptor(entry) for entry in manifests]})


def _document(media_type: str, content: Mapping[str, object]) -> Document:
    root = {"schemaVersion": 2, "mediaType": media_type, **content}
    body = json.dumps(root).encode()
    return Document(digest=sha256_of(body), media_type=media_type, body=body, synthetic=True)


def _descriptor(entry: Descriptor) -> Mapping[str, object]:
    platform = {"platform": _platform(entry.platform)} if entry.platform else {}
    return {
        "mediaType": entry.media_type, "digest": entry.digest, "size": entry.size, **platform
    }  # fmt: skip


def _platform(platform: Platform) -> Mapping[str, str]:
    known = {"os": platform.os, "architecture": platform.architecture}
    return known | ({"variant": platform.variant} if platform.variant else {})
