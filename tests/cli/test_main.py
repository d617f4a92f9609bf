"""The program itself: quick help, exit codes, one line for every expected error."""

import subprocess
import sys

import pytest

HEAVY = {
    "aiohttp", "cryptography", "docker", "kopf", "kubernetes", "prometheus_client", "requests",
    "backports", "rich", "yaml",
}  # fmt: skip


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = "import sys; sys.argv[0] = 'slimgate'; from slimgate.cli import main; main()"
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
    """The version is one line."""
    assert _run("--version").stdout.startswith("slimgate 0.")


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
