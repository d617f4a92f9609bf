"""The configuration file: where it is looked for, and what is said where it can't be read."""

import os
from pathlib import Path

import pytest

from slimgate.core.errors import SettingsError
from slimgate.settings.sources import read_settings
from tests.support.configuration import configuration


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name a file by the variable."""
    path = tmp_path / "variable.yaml"
    path.write_text(configuration(namespace="variable", httpPort=1))
    monkeypatch.setenv("SLIMGATE_CONFIG", str(path))
    return path


def test_the_variables_file(named: Path) -> None:
    """Without an option it is the variable's."""
    assert named.exists()
    assert read_settings().namespace == "variable"


def test_the_options_file(named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option's file is read alone, and variables win over it."""
    option = named.with_name("option.yaml")
    option.write_text(configuration(namespace="option", webhookPort=2))
    monkeypatch.setenv("SLIMGATE_WEBHOOK_PORT", "3")
    settings = read_settings(str(option))

    assert (settings.namespace, settings.http_port, settings.webhook_port) == ("option", 8080, 3)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none", "No such file or directory"),
        (".", "Is a directory"),
        ("a\0b", "it is not the name of a file"),
        ("pipe", "it is a named pipe"),
        ("https://example.com/c.yaml", "slimgate does not fetch URLs"),
    ],
)
def test_files_that_cannot_be_read(name: str, expected: str, tmp_path: Path) -> None:
    """The sentence names the file and says why; a pipe that nobody writes is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SettingsError) as caught:
        read_settings(f"{tmp_path}/{name}")

    assert str(caught.value).startswith("the configuration file /")
    assert str(caught.value).endswith(f"can't be read: {expected}")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("key", ["dockerConfig", "clientCAFile", "defaultPolicyFile", "caFile"])
@pytest.mark.parametrize(
    ("name", "why"), [("none", "No such file or directory"), (".", "it is a folder")]
)
def test_files_that_settings_name(key: str, name: str, why: str, tmp_path: Path) -> None:
    """Who reads them hears at once that one can't be read; who does not may have none of them."""
    there = f"{tmp_path}/{name}"
    keys = {"registries": [{"host": "r.io", key: there}]} if key == "caFile" else {key: there}
    file = tmp_path / "slimgate.yaml"
    file.write_text(configuration(**keys, **({"clientNames": ["a"]} if "client" in key else {})))
    with pytest.raises(SettingsError) as caught:
        read_settings(str(file), "clientCAFile", "defaultPolicyFile")

    at = "registries[0].caFile" if key == "caFile" else key
    assert str(caught.value) == (
        f"{at}: {there} can't be read, since {why}: name a file that is there, or leave it out"
    )
    if key in {"clientCAFile", "defaultPolicyFile"}:
        read_settings(str(file))


def test_folders_that_settings_name(tmp_path: Path) -> None:
    """A file is no folder of programs, and each mistake has its line."""
    config = tmp_path / "slimgate.yaml"
    keys = {"credentialProviderConfig": "/none", "credentialProviderBinDir": str(config)}
    config.write_text(configuration(**keys))
    with pytest.raises(SettingsError) as caught:
        read_settings(str(config))

    assert [line.partition(": name a ")[0] for line in str(caught.value).splitlines()] == [
        "credentialProviderConfig: /none can't be read, since No such file or directory",
        f"credentialProviderBinDir: {config} can't be read, since it is not a folder",
    ]


def test_endless_files() -> None:
    """No more is read than the most that is taken."""
    with pytest.raises(SettingsError, match=r"^/dev/zero: is larger than 64 KiB"):
        read_settings("/dev/zero")
