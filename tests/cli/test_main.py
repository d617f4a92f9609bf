"""The program itself: quick help, exit codes, one line for every expected error."""

import json
import platform
import subprocess
import sys
from importlib.metadata import version

import pytest

HEAVY = {
    "aiohttp", "cryptography", "docker", "kopf", "kubernetes", "prometheus_client", "requests",
    "backports", "rich", "yaml",
}  # fmt: skip


def _run(*arguments: str, name: str = "slimgate") -> subprocess.CompletedProcess[str]:
    program = f"import sys; sys.argv[0] = '{name}'; from slimgate.cli import main; main()"
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_help_is_quick() -> None:
    """Help loads none of the libraries that commands need."""
    program = (
        "import sys; from slimgate.cli.main import build; "
        "build()(['inspect', '--help'], standalone_mode=False); "
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stderr == "[]\n"
    assert "Show the size, layers and base of images" in done.stdout


def test_version() -> None:
    """It is one line, or with what else a bug report needs, or a document."""
    said = _run("version", "-o", "json")
    found = json.loads(said.stdout)
    lines = _run("version").stdout.splitlines()

    assert _run("--version").stdout == f"slimgate {version('slimgate')}\n"
    assert lines[0] == f"slimgate {version('slimgate')}"
    assert lines[2] == f"extras {', '.join(found['extras'])}"
    assert found == {
        "version": version("slimgate"),
        "python": platform.python_version(),
        "extras": ["cluster", "docker", "operator"],
    }


@pytest.mark.parametrize(("name", "shown"), [("slimgate", True), ("kubectl-slim", False)])
def test_roles_are_no_part_of_a_kubectl_plugin(name: str, *, shown: bool) -> None:
    """They are pods' own, and are left out of its help."""
    help_text = _run("--help", name=name).stdout

    assert ("controller" in help_text) is shown
    assert ("webhook" in help_text.replace("cluster's webhook", "")) is shown
    assert _run("controller", "--help", name=name).returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [[], ["nope"], ["inspect"], ["inspect", "-o", "xml", "a"], ["inspect", "--platform", "x", "a"]],
    ids=" ".join,
)
def test_wrong_usage(arguments: list[str]) -> None:
    """Wrong usage exits with 2, and without a traceback."""
    done = _run(*arguments)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_expected_errors_are_one_line() -> None:
    """What the user can put right is one line on standard error."""
    done = _run("inspect", "--platform", "x", "a")

    assert done.stderr == (
        "error: 'x' is not a platform: write os/architecture[/variant], as in linux/arm64.\n"
    )
    assert done.stdout == ""
