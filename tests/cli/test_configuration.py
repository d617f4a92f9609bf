"""`--config` before and after a command, and `slimgate config`."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.cli.make import here, slimgate
from tests.support.configuration import configuration


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with a configuration file, and name another by the variable."""
    monkeypatch.setenv("SLIMGATE_CONFIG", str(tmp_path / "variable.yaml"))
    for name in ("variable", "option"):
        (tmp_path / f"{name}.yaml").write_text(configuration(namespace=name))
    (tmp_path / "wrong.yaml").write_text(configuration(httpPort=0, htpPort=1))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["config", "show"], "variable"),
        (["--config", "option.yaml", "config", "show"], "option"),
        (["config", "show", "--config", "option.yaml"], "option"),
        (["--config", "wrong.yaml", "config", "show", "--config", "option.yaml"], "option"),
    ],
    ids=" ".join,
)
def test_which_file(folder: Path, arguments: list[str], expected: str) -> None:
    """An option wins over the variable, and the later of two options."""
    done = here(*arguments, cwd=folder)

    assert (done.returncode, done.stderr) == (0, "")
    assert yaml.safe_load(done.stdout)["namespace"] == expected


@pytest.mark.parametrize(
    "command",
    [
        ["inspect", "oci:none"],
        ["check", "none.yaml"],
        ["preview", "none"],
        ["top"],
        ["nodes"],
        ["controller"],
        ["webhook"],
        ["config", "show"],
    ],
    ids=lambda words: words[0],
)
def test_every_command_reads_it(folder: Path, command: list[str]) -> None:
    """Mistakes in it end each of them, with a line for each."""
    call = slimgate if command[0] in {"controller", "webhook"} else here
    for arguments in (["--config=wrong.yaml", *command], [*command, "--config=wrong.yaml"]):
        done = call(*arguments, cwd=folder)

        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.splitlines() == [
            "error: wrong.yaml: httpPort: must be a port from 1 to 65535, not 0",
            "error: wrong.yaml: htpPort: is unknown; did you mean httpPort?",
        ]


def test_show_says_which_files_are_missing(folder: Path) -> None:
    """What would end a role's start is said, and what is in effect is shown all the same."""
    (folder / "lacking.yaml").write_text(configuration(clientCAFile="/none", clientNames=["a"]))
    done = here("config", "show", "--config=lacking.yaml", cwd=folder)

    assert (done.returncode, yaml.safe_load(done.stdout)["clientCAFile"]) == (2, "/none")
    assert done.stderr.startswith("error: clientCAFile: /none can't be read, since No such file")


def test_show_is_a_configuration(folder: Path) -> None:
    """What is shown is a file that the schema takes, and shows the same again."""
    schema = json.loads(here("config", "schema", cwd=folder).stdout)
    shown = here("config", "show", cwd=folder).stdout
    (folder / "shown.yaml").write_text(shown)

    assert list(Draft202012Validator(schema).iter_errors(yaml.safe_load(shown))) == []
    assert here("config", "show", "--config=shown.yaml", cwd=folder).stdout == shown
