"""Every form in a real containerd: what it stores is the pull size, what it unpacks the other."""

import itertools

import pytest

from slimgate.core.nodes.stored import chain_ids
from tests.sizes.conftest import Shop, form
from tests.sizes.containerd import Containerd
from tests.sizes.forms import NAMES, called_gzip
from tests.sizes.looking import look
from tests.support.images import image

pytestmark = [pytest.mark.lab, pytest.mark.node, pytest.mark.registry]

BLOCK = 4096


@pytest.mark.parametrize("name", NAMES)
async def test_sizes_are_containerds(name: str, shop: Shop, containerd: Containerd) -> None:
    """Blobs are as long as slimgate says, and so are their tars where it says anything."""
    reference = shop.reference(name)
    containerd.pull(reference, every=len(form(name).platforms) > 1)
    found, exact = await look(reference), await look(reference, exact=True)
    digests = [[str(layer.digest) for layer in image.layers] for image in found.images]
    unpacked = [[containerd.unpacked(digest) for digest in image] for image in digests]

    assert found.pull == [[containerd.stored(digest) for digest in image] for image in digests]
    assert exact.unpacked == unpacked
    pairs = zip(itertools.chain(*found.unpacked), itertools.chain(*unpacked), strict=True)
    assert {told for told, true in pairs if told != true} <= {None}


def test_what_is_only_called_gzip(shop: Shop, containerd: Containerd) -> None:
    """It goes by how a layer begins, so it unpacks zstd that passes for gzip."""
    made = called_gzip()
    containerd.pull(shop.push("called-gzip", image([made.layer])))

    assert containerd.unpacked(made.layer.descriptor.digest) == made.unpacked
    assert made.layer.diff_id in containerd.usage()


@pytest.mark.parametrize("name", NAMES)
async def test_snapshots_are_near(name: str, shop: Shop, containerd: Containerd) -> None:
    """A snapshot takes the tar's length, less headers and padding, more for unfilled blocks."""
    reference = shop.reference(name)
    containerd.pull(reference)
    found, usage = await look(reference, exact=True), containerd.usage()
    for layer, chain in zip(
        found.images[0].layers,
        chain_ids(one.diff_id for one in found.images[0].layers if one.diff_id),
        strict=True,
    ):
        snapshot = usage[chain]
        assert layer.unpacked.bytes is not None
        assert snapshot.bytes <= layer.unpacked.bytes + BLOCK * snapshot.inodes
        assert snapshot.bytes + 2 * 10_240 + 1024 * snapshot.inodes >= layer.unpacked.bytes
