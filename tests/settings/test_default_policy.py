"""The file with the first policy is read before anything else, and refused in one sentence."""

from pathlib import Path

import pytest

from slimgate.core.errors import SettingsError
from slimgate.settings import Settings
from slimgate.settings.default_policy import read_default_policy

POLICY = "kind: SlimPolicy\nmetadata: {name: default}\n"


def test_no_file_is_no_policy() -> None:
    """Nobody has to have one."""
    assert read_default_policy(Settings()) is None


def test_a_policy_is_read_as_it_stands(tmp_path: Path) -> None:
    """The API server judges it, with its defaults and rules."""
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)

    found = read_default_policy(Settings(default_policy_file=str(file)))

    assert found == {"kind": "SlimPolicy", "metadata": {"name": "default"}}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"kind: ConfigMap", "it is not a SlimPolicy"),
        (b"[]", "it is not a SlimPolicy"),
        (b"", "it is not a SlimPolicy"),
        (b"kind: [", "while parsing"),
        (b"\xff\xfe\xfd", "can't be used"),
        (b"[" * 20_000, "can't be used"),
        (b"#" * 65_537, "it has more than 64 KiB"),
    ],
    ids=["kind", "list", "empty", "yaml", "bytes", "depth", "size"],
)
def test_another_file_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    """The sentence names the setting and the file."""
    file = tmp_path / "policy.yaml"
    file.write_bytes(content)

    with pytest.raises(SettingsError) as caught:
        read_default_policy(Settings(default_policy_file=str(file)))

    assert str(caught.value).startswith(f"defaultPolicyFile: {file} can't be used: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A path that is written wrong ends the start."""
    with pytest.raises(SettingsError, match=r"No such file"):
        read_default_policy(Settings(default_policy_file=str(tmp_path / "none")))
