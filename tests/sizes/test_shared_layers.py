"""A layer of two images: each is told whole, and the layer is looked at and stored once."""

import gzip

import pytest

from slimgate.app.images import cli_inspector
from slimgate.core.images.facts import Wants
from slimgate.core.images.source import parse_source
from slimgate.settings.sources import read_settings
from tests.sizes.conftest import Shop
from tests.sizes.containerd import Containerd
from tests.sizes.forms import text
from tests.sizes.looking import Look, look
from tests.sizes.packing import Packed, packed
from tests.support.images import image, tar_of

pytestmark = pytest.mark.registry


def layer(seed: int, size: int) -> Packed:
    """Make a layer of one file."""
    tar = tar_of({f"shared/{seed}": text(seed, size)})
    return packed(tar, gzip.compress(tar, mtime=0))


BASE, ONE, TWO = layer(301, 50_000), layer(302, 1_000), layer(303, 2_000)


def references(shop: Shop) -> list[str]:
    """Push two images of one base."""
    return [
        shop.push("shared-one", image([BASE.layer, ONE.layer])),
        shop.push("shared-two", image([BASE.layer, TWO.layer])),
    ]


async def test_looked_at_once(shop: Shop) -> None:
    """Both sizes of both images count it, and the registry is asked for it once."""
    found, before = [], len(shop.registry.requests("slimgate/0.1.0"))
    async with cli_inspector(read_settings(), exact=False) as inspector:
        for reference in references(shop):
            inspection = await inspector.inspect(
                parse_source(reference),
                platforms=(),
                want=Wants(config=True, layers=True),
                progress=None,
            )
            found.append(Look(images=inspection.images).total)
    asked = [one.path for one in shop.registry.requests("slimgate/0.1.0")[before:]]

    assert found == [
        (len(BASE.layer.blob) + len(ONE.layer.blob), BASE.unpacked + ONE.unpacked),
        (len(BASE.layer.blob) + len(TWO.layer.blob), BASE.unpacked + TWO.unpacked),
    ]
    assert sum(path.endswith(BASE.layer.descriptor.digest) for path in asked) == 1


@pytest.mark.lab
@pytest.mark.node
async def test_stored_once(shop: Shop, containerd: Containerd) -> None:
    """The content store has it once; the images' sizes add up to more than it stores."""
    pulled = references(shop)
    for reference in pulled:
        containerd.pull(reference)
    looks = [await look(reference) for reference in pulled]
    digests = {one.layer.descriptor.digest for one in (BASE, ONE, TWO)}
    stored = {digest: containerd.stored(digest) for digest in digests}
    told = {str(one.digest): one.pull.bytes for found in looks for one in found.images[0].layers}

    assert told == stored
    assert digests <= containerd.blobs()
    assert sum(found.total[0] or 0 for found in looks) == (
        sum(stored.values()) + stored[BASE.layer.descriptor.digest]
    )
