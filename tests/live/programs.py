"""slimgate's two roles as real processes, each with its log in a file."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

_SLIMGATE: Final = Path(sys.executable).with_name("slimgate")
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0


class Program:
    """One running role; `environment` are its SLIMGATE_* variables and KUBECONFIG alone.

    `health` is the address of its plain HTTP port.
    """

    def __init__(self, role: str, environment: Mapping[str, str], address: str, log: Path) -> None:
        outside = {k: v for k, v in os.environ.items() if not k.startswith("SLIMGATE_")}
        self.role = role
        self.log = log
        self.health = f"http://{address}:{environment['SLIMGATE_HTTP_PORT']}"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [_SLIMGATE, role],
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**outside, **environment},
            )

    def wait_until_ready(self) -> None:
        """Wait until it says that it is ready."""
        deadline = time.monotonic() + _START_SECONDS
        while self.unready() is not None:
            assert self.runs(), f"slimgate {self.role} has ended:\n{self.tail()}"
            assert time.monotonic() < deadline, f"{self.unready()}:\n{self.tail()}"
            time.sleep(0.05)

    def unready(self) -> str | None:
        """Return why it is not ready, None if it is."""
        try:
            self._get("/readyz")
        except urllib.error.HTTPError as error:
            with error:
                return error.read().decode().strip()
        except OSError as error:
            return str(error)
        return None

    def metric(self, name: str, **labels: str) -> float:
        """Add up the samples of a metric that have these labels, among others."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.page())
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def page(self) -> str:
        """Return all metrics, as Prometheus reads them."""
        return self._get("/metrics")

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def tail(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]

    def pause(self) -> None:
        """Have it do nothing, as on a machine that sleeps, until `go_on`."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Have it go on where it was."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a crash does: with SIGKILL, which it never hears of."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """End it as the kubelet does, and return its exit code; SIGKILL follows in the end."""
        if self.runs():
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.returncode

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(self.health + path, timeout=5) as answer:  # noqa: S310
            text: str = answer.read().decode()
        return text


@dataclass(kw_only=True)
class Roles:
    """Starts roles with settings that all tests share, and a test's own besides.

    `start` has one of each role; of several that `begin` has begun, all are ended.
    """

    address: str
    common: Mapping[str, str]
    folder: Path
    _running: dict[str, tuple[Mapping[str, str], Program]] = field(default_factory=dict)
    _begun: list[Program] = field(default_factory=list)

    def start(self, role: str, **settings: str) -> Program:
        """Return the role as it runs with these settings, started anew if it does not."""
        held, program = self._running.get(role, ({}, None))
        if program is not None and held == settings and program.runs():
            return program
        self.stop(role)
        program = self.begin(role, **settings)
        program.wait_until_ready()
        return program

    def begin(self, role: str, **settings: str) -> Program:
        """Start one more of a role, and wait for nothing."""
        own = {f"SLIMGATE_{name.upper()}": value for name, value in settings.items()}
        environment = {
            "SLIMGATE_HTTP_PORT": str(free_port(self.address)),
            **self.common,
            **own,
        }
        program = Program(role, environment, self.address, self.folder / f"{role}.log")
        self._running[role] = (settings, program)
        self._begun.append(program)
        return program

    def running(self, role: str) -> Program:
        """Return a role that was started."""
        return self._running[role][1]

    def stop(self, role: str) -> None:
        """End a role, if it runs."""
        if role in self._running:
            self._running.pop(role)[1].stop()

    def logs(self) -> Mapping[str, str]:
        """Return the end of each role's log."""
        return {role: program.tail() for role, (_, program) in self._running.items()}

    def close(self) -> None:
        """End all."""
        for program in self._begun:
            program.stop()
        self._running.clear()


def free_port(address: str) -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
