"""Memory of a role that is free again."""

import subprocess
import sys

import pytest

_SCRIPT = """
import sys
from pathlib import Path
from slimgate.process.memory import give_memory_back

if sys.argv[1] == "tuned":
    give_memory_back()

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

# Freeing one of 16 MiB is what raises glibc's threshold.
bytearray(2**24)
before = resident()
kept = []
for _ in range(40):
    body = bytearray(b"x" * 2**20 * 3)
    kept.append(bytearray(b"y" * 70_000))
    more = bytearray(b"x" * 2**20 * 3)
    kept.append(bytearray(b"y" * 70_000))
    kept += [body, more]
del kept[2::4], kept[2::3], body, more
print(resident() - before - sum(map(len, kept)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other C libraries")
def test_what_is_freed_is_given_back() -> None:
    """Blocks between others that are kept take no memory once they are free."""
    argv = [sys.executable, "-c", _SCRIPT]
    over = {
        how: int(subprocess.run([*argv, how], capture_output=True, check=True).stdout)
        for how in ("tuned", "plain")
    }

    assert over["tuned"] < 2**23 < over["plain"]
