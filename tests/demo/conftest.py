"""The demo, run once on the lab as a newcomer runs it, and removed afterwards."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.lab.errors import LabError
from tests.lab.state import Lab, load

_ROOT: Final = Path(__file__).parents[2]
_DEMO: Final = (sys.executable, "-m", "examples.demo")

Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="package")
def lab() -> Lab:
    """Return the running lab with its node."""
    try:
        found = load(_ROOT / ".lab" / "lab.json")
    except LabError as error:
        pytest.skip(str(error))
    if not found.node:
        pytest.skip("the lab has no node: that needs root")
    return found


@pytest.fixture(scope="package")
def printed(lab: Lab) -> Iterator[str]:
    """Run the demo on the lab and return all that it printed; remove it in the end."""
    environment = os.environ | {"KUBECONFIG": lab.kubeconfig}
    try:
        done = subprocess.run(
            _DEMO, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        yield done.stdout
    finally:
        remove = (*_DEMO, "remove")
        subprocess.run(remove, cwd=_ROOT, env=environment, capture_output=True, check=True)


@pytest.fixture(scope="package")
def kubectl(lab: Lab) -> Kubectl:
    """Return a function that runs kubectl in the demo's namespace."""

    def run(*argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [lab.kubectl, "--kubeconfig", lab.kubeconfig, "-n", "slimgate-demo", *argv]
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, check=False, timeout=60
        )

    return run
