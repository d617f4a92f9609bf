"""The siege itself: a short one, in which all that does not depend on the machine's speed holds."""

import re
import subprocess
import sys

import pytest

from tests.registry import servers

pytestmark = [pytest.mark.registry, pytest.mark.slow, pytest.mark.timeout(600)]


def test_short_siege() -> None:
    """Memory stays within what the chart allows, and nothing is let in that is too large."""
    if not servers.is_installed():
        pytest.skip("docker-registry is not installed: apt-get install docker-registry")
    argv = [sys.executable, "-m", "bench.siege", "--scale", "0.1"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=580)
    lines = re.findall(r"^(\S.*?) {2,}[\d.]+ .* (ok|NO)$", done.stdout, re.MULTILINE)

    assert len(lines) == 24, done.stdout + done.stderr
    assert done.returncode == int(any(mark == "NO" for _, mark in lines)), done.stderr
    assert not re.search(r"memory over|workloads admitted", done.stdout), done.stdout
