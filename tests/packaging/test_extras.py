"""What each extra brings, as locks/ and pyproject.toml say, and that it is enough."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

_LOCKS: Final = Path(__file__).parents[2] / "locks"
_OPERATOR: Final = ("cryptography", "kopf", "prometheus_client", "pythonjsonlogger")


def locked(name: str) -> dict[str, str]:
    """Return the versions that a lock pins."""
    text = (_LOCKS / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", text, re.MULTILINE))


def test_locks_agree() -> None:
    """What is tested is what is shipped."""
    dev = locked("dev")

    for name in ("cli", "operator"):
        assert locked(name).items() <= dev.items()
    assert locked("cli").items() <= locked("operator").items()


def test_the_command_line_brings_no_operator() -> None:
    """Nor a cluster's client, nor an engine's."""
    assert not locked("cli").keys() & {"kopf", "kubernetes", "docker", "cryptography", "pydantic"}


def test_the_roles_image_brings_no_engine() -> None:
    """It is made of this lock, and never talks to a Docker engine."""
    assert {"kopf", "kubernetes", "prometheus-client"} <= locked("operator").keys()
    assert not locked("operator").keys() & {"docker", "pytest"}


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("slimgate.app.images", (*_OPERATOR, "kubernetes", "docker")),
        ("slimgate.app.view", (*_OPERATOR, "docker")),
        ("slimgate.app.controller", ("docker", "rich", "typer")),
        ("slimgate.app.webhook", ("docker", "rich", "typer", "kopf", "cryptography")),
    ],
)
def test_extras_are_enough(module: str, absent: tuple[str, ...]) -> None:
    """Neither commands nor roles import what their extra does not bring."""
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({absent!r})); import {module}; "
        f"print(sorted(n for n in {absent!r} if sys.modules[n]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
