"""The bench of a large cluster itself: a short run on a small one, of what holds for any size."""

import re
import subprocess
import sys

import pytest

from tests.registry import servers

pytestmark = [pytest.mark.lab, pytest.mark.registry, pytest.mark.slow]

_SIZE = "--deployments 40 --images 10 --namespaces 4 --policies 5 --exceptions 10 --pause 0.2"


def test_short_run() -> None:
    """What is within policy is left alone; what is turned is written on once and told of once."""
    if not servers.is_installed():
        pytest.skip("docker-registry is not installed: apt-get install docker-registry")
    # It ends all that it has started when it is told to end, and not when it is killed.
    argv = ["timeout", "100", sys.executable, "-m", "bench.scale", "--short", *_SIZE.split()]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    printed = done.stdout + done.stderr
    marks = re.findall(r"^(ok|NO)  ", done.stdout, re.MULTILINE)
    within, turned = re.findall(r"all it wrote +(.*)$", done.stdout, re.MULTILINE)
    came = re.search(r"meanwhile, the slowest .* of (\d+)", done.stdout)

    assert done.returncode == int("NO" in marks), printed
    assert "ok  40 within policy, from start: to Deployments" in printed
    assert re.search(r"deployments|events|replicasets", within) is None
    assert came is not None, printed
    # One may have come that nobody has looked at again before all was over.
    expected = {f"{40 + int(came[1]) + more} deployments" for more in (0, 1)}
    assert turned.split(", ")[0] in expected
