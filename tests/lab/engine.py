"""A Docker engine of the lab's own: its own data, sockets and containerd; no network of its own."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from tests.lab import containerd
from tests.lab.api import wait_until
from tests.lab.errors import LabError
from tests.lab.layout import CGROUP, Addresses, Layout
from tests.lab.processes import Processes, end, recorded, tail


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Starts the engine of one lab, on the host's network so that builds can download."""

    layout: Layout
    addresses: Addresses
    processes: Processes

    def start(self) -> None:
        """Start the engine; data that an earlier start left broken is thrown away."""
        try:
            self.launch()
        except LabError:
            self.processes.refuse_when_stopped()
            pids = recorded(self.layout.run)
            end({pids[name] for name in ("dockerd", "engine-containerd") if name in pids}, grace=5)
            shutil.rmtree(self.layout.engine_data, ignore_errors=True)
            self.launch()

    def launch(self) -> None:
        """Start containerd and dockerd and wait until the engine answers."""
        data, run = self.layout.engine_data, self.layout.run / "engine"
        run.mkdir(parents=True, exist_ok=True)
        socket = run / "containerd.sock"
        # Without --containerd the engine would share the machine's own, and its namespace there.
        config = containerd.write(
            run / "containerd.toml",
            containerd.ENGINE,
            root=data / "containerd",
            state=run / "containerd",
            socket=socket,
        )
        settings = run / "daemon.json"
        settings.write_text("{}", encoding="utf-8")
        self.processes.start("engine-containerd", ["containerd", "--config", config], inside=False)
        self.wait(socket.exists, "the engine's containerd does not listen", "engine-containerd")
        flags = [
            f"--config-file={settings}",
            f"--containerd={socket}",
            f"--data-root={data / 'docker'}",
            f"--exec-root={run / 'docker'}",
            f"--host=unix://{self.layout.engine_socket}",
            f"--pidfile={run / 'docker.pid'}",
            f"--cgroup-parent=/{CGROUP}",
            f"--insecure-registry={self.addresses.registry}",
            "--storage-driver=overlay2",
            "--bridge=none",
            "--iptables=false",
            "--ip6tables=false",
            "--ip-forward=false",
            "--ip-masq=false",
            "--userland-proxy=false",
        ]
        self.processes.start("dockerd", ["dockerd", *flags], inside=False)
        self.wait(self.answers, "the Docker engine does not answer", "dockerd")

    def wait(self, condition: Callable[[], bool], what: str, log: str) -> None:
        """Wait for a part of the engine."""
        wait_until(
            condition,
            what=what,
            seconds=30,
            hint=lambda: tail(self.layout.logs / f"{log}.log"),
        )

    def answers(self) -> bool:
        """Tell whether the engine answers."""
        host = f"unix://{self.layout.engine_socket}"
        argv = ["docker", "--host", host, "version", "--format", "{{.Server.Version}}"]
        return not subprocess.run(argv, capture_output=True, check=False).returncode
