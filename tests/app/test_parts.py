"""What settings mean for registries and the inspector."""

from slimgate.app.parts import inspector_settings, registry_settings
from slimgate.registry.settings import RegistrySettings
from slimgate.settings import Settings


def test_whole_layers() -> None:
    """Layers that are read whole are so for registries, and for facts of an earlier run."""
    settings = Settings(whole_layer_bytes=100 * 2**20, measured_layer_bytes=200 * 2**20)
    registry = registry_settings(settings)

    assert registry.whole_layer_bytes == 100 * 2**20
    assert registry.measured_layer_bytes == 200 * 2**20
    assert registry.layer_seconds == RegistrySettings().layer_seconds
    assert inspector_settings(settings).reader.whole_layer_bytes == 100 * 2**20


def test_defaults() -> None:
    """Who sets nothing has the registry client's own limits."""
    agent = registry_settings(Settings()).user_agent

    assert registry_settings(Settings()) == RegistrySettings(user_agent=agent)
