"""Which platforms --platform means."""

import platform

import pytest

from slimgate.cli.shared.platforms import host_platform, platforms_of
from slimgate.core.errors import InvalidReferenceError
from slimgate.core.images.facts import Platform

AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("x86_64", "linux/amd64"),
        ("AMD64", "linux/amd64"),
        ("arm64", "linux/arm64"),
        ("aarch64", "linux/arm64"),
        ("armv7l", "linux/arm/v7"),
        ("riscv64", "linux/riscv64"),
        ("", "linux/amd64"),
    ],
)
def test_hosts(machine: str, expected: str) -> None:
    """A machine runs linux containers of its own architecture, as OCI names it."""
    assert expected == str(host_platform(machine))


def test_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the option it is this machine's."""
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")

    assert platforms_of([]) == (ARM,)


def test_named() -> None:
    """Named ones are taken in their order, once each; `all` is no restriction."""
    assert platforms_of(["linux/arm64", "linux/amd64", "linux/arm64"]) == (ARM, AMD)
    assert platforms_of(["linux/arm64", "all"]) == ()


def test_malformed() -> None:
    """What is no platform is refused with the form to write."""
    with pytest.raises(InvalidReferenceError, match="write os/architecture"):
        platforms_of(["arm64"])
