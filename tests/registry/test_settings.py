"""What the registry client may spend on a layer."""

import pytest

from slimgate.core.images.oci import Descriptor
from slimgate.registry.layers import Plan, plan
from slimgate.registry.settings import RegistrySettings
from tests.support.images import OCI_LAYER, digest_of

MIB, GIB = 2**20, 2**30


@pytest.mark.parametrize(
    ("size", "seconds", "unpacked", "cpu"),
    [
        (0, 60, 16 * GIB, 10),
        (8 * MIB, 60, 16 * GIB, 10),
        (16 * MIB, 120, 32 * GIB, 20),
        (100 * MIB, 750, 64 * GIB, 125),
        (64 * GIB, 3600, 64 * GIB, 300),
    ],
)
def test_what_a_layer_may_take(size: int, seconds: int, unpacked: int, cpu: int) -> None:
    """As much more as it is larger than usual, up to an hour and 5 minutes of CPU time."""
    settings = RegistrySettings(user_agent="a", whole_layer_bytes=64 * GIB).for_layer(size)

    assert (settings.layer_seconds, settings.max_unpack_seconds) == (seconds, cpu)
    assert settings.max_unpacked_bytes == unpacked
    assert settings.user_agent == "a"


@pytest.mark.parametrize(
    ("size", "measured", "ways"),
    [
        (100, 0, (Plan.WHOLE, Plan.WHOLE)),
        (101, 0, (Plan.TAIL, Plan.TAIL)),
        (101, 200, (Plan.TAIL, Plan.WHOLE)),
        (201, 200, (Plan.TAIL, Plan.TAIL)),
    ],
)
def test_which_layers_are_read_whole(size: int, measured: int, ways: tuple[Plan, Plan]) -> None:
    """Small ones, and larger ones where that is asked for."""
    settings = RegistrySettings(whole_layer_bytes=100, measured_layer_bytes=measured)
    layer = Descriptor(media_type=f"{OCI_LAYER}+gzip", digest=digest_of(b""), size=size)

    assert (plan(layer, settings), plan(layer, settings, whole=True)) == ways


@pytest.mark.parametrize("size", [0, 100, 8 * MIB, GIB, 64 * GIB])
def test_what_any_layer_may_take_for_exact_figures(size: int) -> None:
    """All are read and listed, and the smallest may be as dense as the largest."""
    settings = RegistrySettings().exactly()

    assert settings.for_layer(size) == settings
    assert settings.whole_layer_bytes == settings.listed_layer_bytes == 64 * GIB
    assert (settings.layer_seconds, settings.max_unpack_seconds) == (3600, 300)
    assert settings.max_unpacked_bytes == 64 * GIB
