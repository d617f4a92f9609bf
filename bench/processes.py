"""Starts the programs that are measured, and reads what they cost from /proc."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_START_SECONDS: Final = 30.0


class BenchError(Exception):
    """The bench can't go on; the text says why."""


class Program:
    """A running Python program of this environment, with its output in a file."""

    def __init__(
        self, argv: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, *argv],
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )

    def cpu_seconds(self) -> float:
        """CPU time so far."""
        return cpu_seconds(self._process.pid)

    def memory_mb(self) -> float:
        """Resident memory now, in MB as the goals count them (2^20 bytes)."""
        return memory_mb(self._process.pid, "VmRSS")

    def wait_for_port(self, port: int) -> None:
        """Wait until it listens."""
        self._wait(lambda: _listens(port))

    def wait_until_ready(self, url: str) -> None:
        """Wait until it says that it is ready."""
        self._wait(lambda: _is_ok(url))

    def stop(self) -> None:
        """End it."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not holds():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"a program did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.05)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mb(pid: int, field: str) -> float:
    """Resident memory of a process, VmRSS now or VmHWM at its peak, in MB of 2^20 bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise BenchError("the program has ended")


def forget_peak(pid: int) -> None:
    """Have VmHWM count from now on; https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _is_ok(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - loopback only
            return bool(answer.status == 200)  # noqa: PLR2004
    except OSError:
        return False
