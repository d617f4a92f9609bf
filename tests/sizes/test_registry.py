"""Every form in a real registry: exact to the byte, or unknown for the reason that is true."""

import pytest

from tests.sizes.conftest import Shop, form
from tests.sizes.forms import NAMES
from tests.sizes.looking import look

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
