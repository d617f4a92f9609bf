"""Every form in a real registry: exact to the byte, or unknown for the reason that is true."""

import gzip

import pytest

from slimgate.core.images.facts import SizeEvidence
from tests.sizes.conftest import Shop, form
from tests.sizes.forms import NAMES, called_gzip, text
from tests.sizes.looking import look
from tests.sizes.packing import MIB, packed
from tests.support.images import image, tar_of

pytestmark = pytest.mark.registry

ESTIMATED, MEASURED = SizeEvidence.ESTIMATED, SizeEvidence.MEASURED
READ_IN_PART = {"large-gzip", "large-uncompressed"}
AT_LEAST = {
    "large-halves": 10 * MIB + 10_240,
    "large-blocks": MIB // 2 + 10_240,
    "large-appended": 20 * MIB + 20_480,
}
"""By the last members that end in the tail; of the last form that is all."""


@pytest.mark.parametrize("name", NAMES)
async def test_without_pulling(name: str, shop: Shop) -> None:
    """Pull sizes are exact; unpacked sizes are too, or null where they can't be known."""
    made, found = form(name), await look(shop.reference(name))

    assert found.pull == made.pull
    if made.reason is None:
        assert found.unpacked == made.unpacked
        assert found.evidence == {ESTIMATED if name in READ_IN_PART else MEASURED}
    else:
        assert found.unpacked == [[None]]
        assert found.reasons == {made.reason}
        assert found.at_least == {AT_LEAST.get(name, 0)}


@pytest.mark.parametrize("name", NAMES)
async def test_exact(name: str, shop: Shop) -> None:
    """With --exact no form is left unknown, and none is wrong."""
    made, found = form(name), await look(shop.reference(name), exact=True)

    assert found.pull == made.pull
    assert found.unpacked == made.unpacked
    assert found.evidence == {MEASURED}


async def test_who_reads_whole_layers_is_not_deceived(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the last of two members alone is longer than the layer, its end tells of that one."""
    first, last = tar_of({"a": text(1, 4 * MIB)}), tar_of({"b": text(2, 20 * MIB)})
    blob = gzip.compress(first, mtime=0) + gzip.compress(last, mtime=0)
    layer = packed(first + last, blob)
    reference = shop.push("deceiving", image([layer.layer]))
    found, exact = await look(reference), await look(reference, exact=True)
    monkeypatch.setenv("SLIMGATE_WHOLE_LAYER_SIZE", str(len(blob)))
    raised = await look(reference)

    assert 8 * MIB < len(blob) < len(last)
    assert (found.total, found.evidence) == ((len(blob), len(last)), {ESTIMATED})
    for measured in (exact, raised):
        assert (measured.total, measured.evidence) == ((len(blob), layer.unpacked), {MEASURED})


async def test_what_is_only_called_gzip(shop: Shop) -> None:
    """Zstd that passes for gzip gets no estimate, though its last bytes look like one."""
    layer = called_gzip()
    reference = shop.push("called-gzip", image([layer.layer]))
    found, exact = await look(reference), await look(reference, exact=True)

    assert found.total == (len(layer.layer.blob), None)
    assert found.at_least == {0}
    assert exact.total == (len(layer.layer.blob), layer.unpacked)


async def test_what_is_raised_is_unknown_no_more(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where larger layers are read whole, forms whose end says nothing are measured too."""
    monkeypatch.setenv("SLIMGATE_WHOLE_LAYER_SIZE", "16Mi")
    for name in ("large-zstd", "large-estargz", "large-blocks"):
        found = await look(shop.reference(name))
        assert (found.unpacked, found.evidence) == (form(name).unpacked, {MEASURED})
