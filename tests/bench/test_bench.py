"""The bench itself: a short run of all that it measures."""

import re
import subprocess
import sys

import pytest

from tests.registry import servers

pytestmark = [pytest.mark.registry, pytest.mark.slow]


def run(*args: str) -> tuple[list[tuple[str, str]], str]:
    """Run it; return its goals, whether each was met, and what it printed.

    Its status says whether all were, which depends on the machine.
    """
    if not servers.is_installed():
        pytest.skip("docker-registry is not installed: apt-get install docker-registry")
    argv = [sys.executable, "-m", "bench", *args, "--images", "20"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=110)
    goals = re.findall(r"^(ok|NO)  (.+?)  +[\d.,-]+", done.stdout, re.MULTILINE)
    missed = any(mark == "NO" for mark, _ in goals)
    assert done.returncode == int(missed), done.stderr
    return goals, done.stdout


def test_short_run() -> None:
    """It ends with every figure that does not depend on the machine's speed as it should be."""
    size = ["--count", "40", "--rounds", "1", "--memory-step", "100"]
    goals, printed = run("--lab", "no", *size)
    timeless = {
        "registry requests per warm admission",
        "hanging, but not named in a warning",
        "wrong or failed",
    }
    assert len(goals) == 12
    assert {name for mark, name in goals if mark == "ok"} >= timeless
    assert printed.count("null hook c=") == 3


def test_inspections() -> None:
    """Requests per image are what they should be, whatever the machine."""
    goals, _ = run("inspections")
    requests = [mark for mark, name in goals if name.startswith("requests")]
    assert len(goals) == 8
    assert requests == ["ok"] * 5
