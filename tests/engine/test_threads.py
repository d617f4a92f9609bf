"""Threads that leave the processor to others, whatever their process has of it."""

import os
import subprocess
import sys

import pytest

_ASK = """
import asyncio, os, threading
from slimgate.engine.threads import Threads
def ask():
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
print(asyncio.run(Threads("a", 1, 10).run(ask)))
"""


@pytest.mark.parametrize("own", [0, 4, 15, 19])
def test_nicer_than_the_process(own: int) -> None:
    """They are, by so much or by what there is: one that is nice already may not take more."""
    asked = subprocess.run(
        ["nice", "-n", str(own), sys.executable, "-c", _ASK],
        capture_output=True,
        text=True,
        check=True,
    )
    before = os.getpriority(os.PRIO_PROCESS, 0)

    assert int(asked.stdout) == min(min(before + own, 19) + 10, 19)
