"""Layers that need not be in the registry: counted as pulled, unpacked only where they are."""

import gzip
import json
from dataclasses import replace

import pytest

from tests.sizes.conftest import Shop
from tests.sizes.containerd import Containerd
from tests.sizes.forms import text
from tests.sizes.looking import look
from tests.sizes.packing import Packed, packed
from tests.support.images import DOCKER_LAYER, OCI_LAYER, Image, image, tar_of

FOREIGN = {
    "docker": f"{DOCKER_LAYER.replace('.diff', '.foreign.diff')}.gzip",
    "oci": f"{OCI_LAYER.replace('.v1', '.nondistributable.v1')}+gzip",
}
KINDS = pytest.mark.parametrize("kind", FOREIGN)


def foreign(media_type: str) -> Packed:
    """Make a layer of a type that says that it is not to be distributed."""
    tar = tar_of({"a": text(1, 10_000)})
    made = packed(tar, gzip.compress(tar, mtime=0))
    return replace(made, layer=replace(made.layer, media_type=media_type))


def with_urls(made: Image, url: str) -> Image:
    """Say where the only layer is to be had."""
    manifest = json.loads(made.manifest)
    manifest["layers"][0]["urls"] = [url]
    return replace(made, manifest=json.dumps(manifest).encode())


@KINDS
async def test_elsewhere(kind: str, shop: Shop) -> None:
    """What the registry has is looked at, whatever is said of elsewhere: containerd asks it too."""
    layer = foreign(FOREIGN[kind])
    url = f"{shop.registry.url}/v2/sizes/elsewhere/blobs/{layer.layer.descriptor.digest}"
    made = with_urls(image([layer.layer], docker=kind == "docker"), url)
    found = await look(shop.push(f"elsewhere-{kind}", made), exact=True)

    assert found.pull == [[len(layer.layer.blob)]]
    assert found.unpacked == [[layer.unpacked]]


@pytest.mark.lab
@pytest.mark.node
async def test_kept_all_the_same(shop: Shop, containerd: Containerd) -> None:
    """Without an address the registry has the layer, so both sizes are containerd's.

    Docker's own kind of manifest is not accepted without one.
    """
    layer = foreign(FOREIGN["oci"])
    reference = shop.push("kept", image([layer.layer]))
    containerd.pull(reference)
    digest = layer.layer.descriptor.digest
    found = await look(reference)

    assert found.pull == [[containerd.stored(digest)]]
    assert found.unpacked == [[containerd.unpacked(digest)]] == [[layer.unpacked]]
