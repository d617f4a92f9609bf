"""slimgate's configuration files, for programs that tests start."""

from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

JsonObject = dict[str, object]


def plain(hosts: Iterable[str], *, loopback: bool = True) -> list[JsonObject]:
    """List registries that are called over plain HTTP."""
    more = {"allowLoopback": True} if loopback else {}
    return [{"host": host, "plainHTTP": True, **more} for host in hosts]


def configuration(**keys: object) -> str:
    """Write the text of a configuration file."""
    head = {"apiVersion": "config.slimgate.dev/v1alpha1", "kind": "Configuration"}
    return yaml.safe_dump({**head, **keys}, sort_keys=False)


def write_configuration(folder: Path, **keys: object) -> str:
    """Write a configuration file and return its name."""
    path = folder / "slimgate.yaml"
    path.write_text(configuration(**keys), encoding="utf-8")
    return str(path.absolute())


def use_configuration(
    monkeypatch: pytest.MonkeyPatch, folder: Path, hosts: Iterable[str], *, loopback: bool = True
) -> None:
    """Have slimgate call these registries over plain HTTP, in this process and those it starts."""
    file = write_configuration(folder, registries=plain(hosts, loopback=loopback))
    monkeypatch.setenv("SLIMGATE_CONFIG", file)
