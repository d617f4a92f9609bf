"""What the registry client may spend on a layer."""

import pytest

from slimgate.registry.settings import RegistrySettings

MIB, GIB = 2**20, 2**30


@pytest.mark.parametrize(
    ("limit", "seconds", "unpacked", "cpu"),
    [
        (0, 60, 16 * GIB, 10),
        (8 * MIB, 60, 16 * GIB, 10),
        (16 * MIB, 120, 32 * GIB, 20),
        (100 * MIB, 750, 64 * GIB, 125),
        (64 * GIB, 3600, 64 * GIB, 300),
    ],
)
def test_what_a_layer_may_take(limit: int, seconds: int, unpacked: int, cpu: int) -> None:
    """As much more as layers may be larger, up to an hour and 5 minutes of CPU time."""
    settings = RegistrySettings(user_agent="a").reading_whole(limit)

    assert settings.whole_layer_bytes == limit
    assert (settings.layer_seconds, settings.max_unpack_seconds) == (seconds, cpu)
    assert settings.max_unpacked_bytes == unpacked
    assert settings.user_agent == "a"


def test_what_a_layer_may_take_at_most() -> None:
    """A limit that was raised already makes no difference to one that is higher still."""
    settings = RegistrySettings()

    assert settings.reading_whole(64 * GIB) == settings.reading_whole(16 * MIB).reading_whole(
        64 * GIB
    )
