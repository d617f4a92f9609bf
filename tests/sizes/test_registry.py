"""Every form in a real registry: exact to the byte, or unknown for the reason that is true."""

import gzip

import pytest

from tests.sizes.conftest import Shop, form
from tests.sizes.forms import NAMES
from tests.sizes.looking import look
from tests.sizes.packing import MIB, packed
from tests.support.images import image, tar_of

pytestmark = pytest.mark.registry


@pytest.mark.parametrize("name", NAMES)
async def test_without_pulling(name: str, shop: Shop) -> None:
    """Pull sizes are exact; unpacked sizes are too, or null where they can't be told."""
    made, found = form(name), await look(shop.reference(name))

    assert found.pull == made.pull
    if made.reason is None:
        assert found.unpacked == made.unpacked
    else:
        assert found.unpacked == [[None]]
        assert found.reasons == {made.reason}


@pytest.mark.parametrize("name", NAMES)
async def test_exact(name: str, shop: Shop) -> None:
    """With --exact no form is left unknown, and none is wrong."""
    made, found = form(name), await look(shop.reference(name), exact=True)

    assert found.pull == made.pull
    assert found.unpacked == made.unpacked


async def test_exact_is_not_deceived(shop: Shop) -> None:
    """Where the last of two members alone is longer than the layer, only a whole read can tell."""
    numbers = "".join(f"{number:,}\n" for number in range(3_500_000)).encode()
    first, last = tar_of({"a": numbers}), tar_of({"b": numbers})
    blob = gzip.compress(first, 1, mtime=0) + gzip.compress(last, 1, mtime=0)
    layer = packed(first + last, blob)
    found = await look(shop.push("deceiving", image([layer.layer])), exact=True)

    assert 8 * MIB < len(blob) < len(last)
    assert found.total == (len(blob), layer.unpacked)
