"""Documents of any shape, as registries may serve them."""

import json
from collections.abc import Mapping

from slimgate.core.images.facts import Platform
from slimgate.core.images.oci import OCI_INDEX, OCI_MANIFEST
from tests.support.images import OCI_LAYER, digest_of


def descriptor(
    body: bytes,
    *,
    media_type: str = "",
    platform: Platform | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """Describe content; a manifest where there is a platform, else a layer, if not told."""
    kind = media_type or (OCI_MANIFEST if platform else OCI_LAYER)
    found: dict[str, object] = {"mediaType": kind, "digest": digest_of(body), "size": len(body)}
    if platform is not None:
        found["platform"] = {
            "os": platform.os,
            "architecture": platform.architecture,
            "variant": platform.variant or "",
        }
    if annotations is not None:
        found["annotations"] = dict(annotations)
    return found


def index_of(*entries: Mapping[str, object]) -> bytes:
    """Write an index."""
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return json.dumps(document).encode()


def manifest_of(config: Mapping[str, object], *layers: Mapping[str, object]) -> bytes:
    """Write a manifest."""
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": config,
        "layers": layers,
    }
    return json.dumps(document).encode()
