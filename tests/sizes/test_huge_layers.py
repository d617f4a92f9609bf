"""A layer over 4 GiB unpacked, whose gzip trailer tells the length modulo 4 GiB."""

import pytest

from slimgate.core.images.facts import SizeEvidence
from tests.sizes.conftest import Shop
from tests.sizes.containerd import Containerd
from tests.sizes.engine import Engine
from tests.sizes.forms import text
from tests.sizes.looking import look
from tests.sizes.packing import MIB, Packed, sparse
from tests.support.images import image

pytestmark = [pytest.mark.registry, pytest.mark.slow, pytest.mark.timeout(600)]

ZEROS = 2**32 + 100 * MIB
REPETITIVE = "the layer's end is so repetitive that its trailer may have wrapped at 4 GiB"


@pytest.fixture(scope="module")
def huge() -> Packed:
    """Make a layer that is small as stored."""
    return sparse(ZEROS)


async def test_never_wrong(huge: Packed, shop: Shop) -> None:
    """Its trailer says 100 MiB, which is believed as the least; read whole it is exact."""
    reference = shop.push("huge", image([huge.layer]))
    found, exact = await look(reference), await look(reference, exact=True)

    assert huge.unpacked > ZEROS
    assert int.from_bytes(huge.layer.blob[-4:], "little") == huge.unpacked - 2**32
    assert found.total == (len(huge.layer.blob), None)
    assert found.reasons == {REPETITIVE}
    assert found.at_least == {huge.unpacked - 2**32}
    assert exact.total == (len(huge.layer.blob), huge.unpacked)


async def test_a_wrapped_length_that_deceives(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zeros and then dense files pass for what is left modulo 4 GiB, until they are read whole."""
    made = sparse(ZEROS, text(1, 16 * MIB))
    size, reference = len(made.layer.blob), shop.push("wrapped", image([made.layer]))
    found = await look(reference)
    monkeypatch.setenv("SLIMGATE_WHOLE_LAYER_SIZE", "64Mi")
    raised = await look(reference)

    assert (found.total, found.evidence) == (
        (size, made.unpacked - 2**32),
        {SizeEvidence.ESTIMATED},
    )
    assert (raised.total, raised.evidence) == ((size, made.unpacked), {SizeEvidence.MEASURED})


@pytest.mark.lab
@pytest.mark.node
async def test_containerd_says_the_same(huge: Packed, shop: Shop, containerd: Containerd) -> None:
    """What `ctr content get | gzip -dc | wc -c` counts is what --exact tells."""
    reference = shop.push("huge", image([huge.layer]))
    containerd.fetch(reference)

    assert containerd.stored(huge.layer.descriptor.digest) == len(huge.layer.blob)
    assert containerd.unpacked(huge.layer.descriptor.digest) == huge.unpacked


@pytest.mark.lab
@pytest.mark.engine
async def test_the_engine_says_the_same(huge: Packed, shop: Shop, engine: Engine) -> None:
    """The engine's own size is that of the file, and its tar is as long as --exact tells."""
    reference = shop.push("huge", image([huge.layer]))
    engine.pull(reference)

    assert engine.size(reference) == ZEROS
    assert (await look(f"docker://{reference}")).unpacked == [[huge.unpacked]]
