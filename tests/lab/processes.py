"""Starting, finding and ending the lab's own processes.

Every process gets a marker in its environment, so that it and its children are found again even
when the lab was killed between starting a process and writing its pid down.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.layout import NETNS, Layout

MARKER = "SLIMGATE_LAB_RUN"
_STARTED: list[subprocess.Popen[bytes]] = []
"""Python complains of one that is forgotten while it runs; the lab's outlive who starts them."""
TAIL_LINES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """Starts processes for one lab; refuses to, once stopped."""

    layout: Layout
    stopped: threading.Event = field(default_factory=threading.Event)

    def environment(self) -> dict[str, str]:
        """Return this process's environment with the marker of the lab."""
        return os.environ | {MARKER: str(self.layout.run)}

    def start(
        self, name: str, argv: Sequence[str | Path], *, inside: bool = True, stdout: str = ""
    ) -> int:
        """Start a part in the lab's network namespace (or on the host's) and note its pid."""
        self.refuse_when_stopped()
        logs = self.layout.logs
        # Not `ip netns exec`: it mounts a new /sys, which hides the cgroups from the kubelet.
        enter = ["nsenter", f"--net=/run/netns/{NETNS}", "--"] if inside else []
        with (
            (logs / f"{name}.log").open("ab") as log,
            (logs / f"{stdout or name}.log").open("ab") as out,
        ):
            process = subprocess.Popen(
                [*enter, *map(str, argv)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                env=self.environment(),
                cwd=self.layout.home,
                start_new_session=True,
            )
        _STARTED.append(process)
        pids = self.layout.run / "pids"
        pids.mkdir(parents=True, exist_ok=True)
        (pids / name).write_text(str(process.pid), encoding="utf-8")
        return process.pid

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        log: str,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        """Run a program to its end with its output in a log, or name the log's last lines."""
        self.refuse_when_stopped()
        path = self.layout.logs / f"{log}.log"
        with path.open("ab") as out:
            code = subprocess.run(
                list(map(str, argv)),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self.environment() | (env or {}),
                cwd=cwd or self.layout.home,
                check=False,
            ).returncode
        if code:
            raise LabError(f"{Path(argv[0]).name} failed ({code}): {tail(path)}")

    def refuse_when_stopped(self) -> None:
        """Raise when the lab is being taken down."""
        if self.stopped.is_set():
            raise LabError("interrupted")


def tail(log: Path) -> str:
    """Return a log's last lines as one line, with the log's name."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
    except OSError:
        lines = []
    return f"{' | '.join(line[:300] for line in lines)} (.lab/logs/{log.name})"


def recorded(run: Path) -> dict[str, int]:
    """Return the pids that were written down, by part."""
    found: dict[str, int] = {}
    for path in sorted((run / "pids").glob("*")):
        text = path.read_text(encoding="utf-8").strip()
        if text.isdigit():
            found[path.name] = int(text)
    return found


def is_ours(pid: int, run: Path) -> bool:
    """Tell whether a pid is a live process of this lab; a reused pid has no marker."""
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"{MARKER}={run}".encode() in environ


def ours(run: Path) -> set[int]:
    """Return every live process of the lab, recorded or not, except the caller's own line."""
    pids = {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    return {pid for pid in pids - ancestors(os.getpid()) if is_ours(pid, run)}


def parent(pid: int) -> int:
    """Return the parent of a process, 0 when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[1])


def ancestors(pid: int) -> set[int]:
    """Return a process and all its parents."""
    found: set[int] = set()
    while pid > 0 and pid not in found:
        found.add(pid)
        pid = parent(pid)
    return found


def descendants(roots: set[int]) -> set[int]:
    """Return the processes below some, e.g. a shim's containers, which carry no marker."""
    parents = {
        int(entry.name): parent(int(entry.name))
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit()
    }
    found: set[int] = set()
    grown = True
    while grown:
        children = {pid for pid, above in parents.items() if above in roots | found} - found
        found |= children
        grown = bool(children)
    return found - roots


def end(pids: set[int], *, grace: float) -> None:
    """Ask processes to end, and end them when they have not after some seconds."""
    deadline = time.monotonic() + grace
    for number in (signal.SIGTERM, signal.SIGKILL):
        pids = {pid for pid in pids if alive(pid)}
        for pid in pids:
            try:
                os.kill(pid, number)
            except (ProcessLookupError, PermissionError):
                continue
        while pids and time.monotonic() < deadline:
            time.sleep(0.05)
            pids = {pid for pid in pids if alive(pid)}
        deadline = time.monotonic() + 5.0


def alive(pid: int) -> bool:
    """Tell whether a process runs; our own finished children are reaped here."""
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    except ChildProcessError:
        pass
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}
