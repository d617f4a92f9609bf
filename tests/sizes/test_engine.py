"""Every form in a real Docker engine: its layers' tars are as long as slimgate says."""

from pathlib import Path

import pytest

from tests.sizes.conftest import Shop, form
from tests.sizes.engine import Engine, saved_layers
from tests.sizes.forms import ENGINE_NAMES
from tests.sizes.looking import look

pytestmark = [pytest.mark.lab, pytest.mark.engine, pytest.mark.registry]


@pytest.mark.parametrize("name", ENGINE_NAMES)
async def test_sizes_are_the_engines(name: str, shop: Shop, engine: Engine, tmp_path: Path) -> None:
    """By registry, by engine and by archive the tars are of one length: that of `docker save`."""
    reference = shop.reference(name)
    engine.pull(reference)
    archive = engine.save(reference, tmp_path / "saved.tar")
    saved = saved_layers(archive)
    lengths = [layer.length for layer in saved]

    assert lengths == form(name).unpacked[0]
    assert (await look(reference, exact=True)).unpacked[0] == lengths
    assert (await look(f"docker://{reference}")).unpacked == [lengths]
    assert (await look(f"docker-archive:{archive}")).unpacked == [lengths]
    # What `docker images` shows counts no headers and no padding.
    assert engine.size(reference) == sum(layer.counted for layer in saved)


async def test_pull_sizes_are_unknown(shop: Shop, engine: Engine) -> None:
    """An engine keeps no layer as it was pulled, so nothing is said of that."""
    reference = shop.reference("gzip")
    engine.pull(reference)
    found = await look(f"docker://{reference}")

    assert found.pull == [[None, None]]
    assert found.images[0].pull.reason == (
        "the layer is held uncompressed here, not as a registry stores it"
    )
