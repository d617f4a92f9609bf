"""One part of a running lab killed and started again, with the flags that it had."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

from tests.lab.layout import default_layout
from tests.lab.processes import Processes, alive
from tests.lab.state import Lab, load, save


def kill(name: str) -> list[str]:
    """End a part as a crash does, and return its command."""
    pid = load(default_layout().lab_json).pids[name]
    command = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")[:-1]
    os.kill(pid, signal.SIGKILL)
    while alive(pid):
        time.sleep(0.02)
    return command


def start(name: str, command: list[str]) -> None:
    """Start a part again, and write down where it runs."""
    lab: Lab = load(default_layout().lab_json)
    layout = default_layout(node=lab.node)
    pid = Processes(layout=layout).start(name, command, inside=lab.node)
    save(replace(lab, pids={**lab.pids, name: pid}), layout.lab_json)
