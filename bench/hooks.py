"""Starts the webhooks that are compared: slimgate's, and the one that does nothing."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from bench.load import Target
from bench.processes import Program, free_port
from slimgate.cluster.certificates.authority import make

PATH: Final = "/validate?timeout=10s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """A certificate on disk, and who trusts it."""

    certificate: Path
    key: Path
    ca_bundle: bytes = field(repr=False)

    @property
    def context(self) -> ssl.SSLContext:
        """A client's context that trusts it."""
        return ssl.create_default_context(cadata=self.ca_bundle.decode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A webhook that runs."""

    program: Program
    target: Target


class Place(Protocol):
    """Where slimgate's webhook runs, and which namespace its policy speaks of."""

    namespace: str
    description: str
    tls: Tls

    def start(self, registries: Sequence[str]) -> Hook:
        """Start a fresh process that knows nothing yet; these registries are plain HTTP."""


class Loopback:
    """No cluster: bench.stand_in with the real server and engine."""

    namespace = "bench"
    description = "real server, engine and registry client, without a cluster"

    def __init__(self, folder: Path, tls: Tls) -> None:
        self._folder = folder
        self.tls = tls

    def start(self, registries: Sequence[str]) -> Hook:
        """Start a fresh process."""
        port, health = free_port(), free_port()
        files = (str(self.tls.certificate), str(self.tls.key))
        argv = ["-m", "bench.stand_in", str(port), str(health), *files, *registries]
        program = Program(argv, self._folder / f"webhook-{port}.log")
        program.wait_until_ready(f"http://127.0.0.1:{health}/readyz")
        return hook(program, port, self.tls)


def start_null(folder: Path, tls: Tls) -> Hook:
    """Start the webhook that does nothing."""
    port = free_port()
    argv = ["-m", "bench.null_hook", str(port), str(tls.certificate), str(tls.key)]
    program = Program(argv, folder / "null-hook.log")
    program.wait_for_port(port)
    return hook(program, port, tls)


def hook(program: Program, port: int, tls: Tls) -> Hook:
    """Say how a webhook on this machine is reached."""
    target = Target(url=f"https://127.0.0.1:{port}{PATH}", context=tls.context)
    return Hook(program=program, target=target)


def make_tls(folder: Path, names: Sequence[str]) -> Tls:
    """Make a certificate as slimgate makes its own."""
    made = make(names, datetime.now(UTC))
    tls = Tls(certificate=folder / "tls.crt", key=folder / "tls.key", ca_bundle=made.ca_bundle)
    tls.certificate.write_bytes(made.certificate)
    tls.key.write_bytes(made.key)
    (folder / "ca.crt").write_bytes(made.ca_bundle)
    return tls
