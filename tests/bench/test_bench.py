"""The bench itself: a short run of all that it measures."""

import re
import subprocess
import sys

import pytest

from tests.registry import servers


@pytest.mark.registry
@pytest.mark.slow
def test_short_run() -> None:
    """It ends with every figure that does not depend on the machine's speed as it should be."""
    if not servers.is_installed():
        pytest.skip("docker-registry is not installed: apt-get install docker-registry")
    size = ["--images", "20", "--count", "40", "--rounds", "1", "--memory-step", "100"]
    argv = [sys.executable, "-m", "bench", "--lab", "no", *size]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode in {0, 1}, done.stderr
    goals = re.findall(r"^(ok|NO)  (.+?)  +[\d.,-]+", done.stdout, re.MULTILINE)
    assert len(goals) == 12
    timeless = {
        "registry requests per warm admission",
        "hanging, but not named in a warning",
        "wrong or failed",
    }
    assert {name for mark, name in goals if mark == "ok"} >= timeless
    assert done.stdout.count("null hook c=") == 3


@pytest.mark.registry
@pytest.mark.slow
def test_inspections() -> None:
    """Requests per image are what they should be, whatever the machine."""
    if not servers.is_installed():
        pytest.skip("docker-registry is not installed: apt-get install docker-registry")
    argv = [sys.executable, "-m", "bench", "inspections", "--images", "20"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode in {0, 1}, done.stderr
    goals = re.findall(r"^(ok|NO)  (.+?)  +[\d.,-]+", done.stdout, re.MULTILINE)
    requests = [mark for mark, name in goals if name.startswith("requests")]
    assert len(goals) == 8
    assert requests == ["ok"] * 5
