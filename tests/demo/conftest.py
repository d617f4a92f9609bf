"""The demo, run once on the lab as a newcomer runs it, and removed afterwards."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.lab.state import Lab

_ROOT: Final = Path(__file__).parents[2]
_DEMO: Final = (sys.executable, "-m", "examples.demo")


@pytest.fixture(scope="package")
def printed(lab_node: Lab) -> Iterator[str]:
    """Run the demo on the lab and return all that it printed; remove it in the end."""
    environment = os.environ | {"KUBECONFIG": lab_node.kubeconfig}
    try:
        done = subprocess.run(
            _DEMO, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        yield done.stdout
    finally:
        remove = (*_DEMO, "remove")
        subprocess.run(remove, cwd=_ROOT, env=environment, capture_output=True, check=True)
