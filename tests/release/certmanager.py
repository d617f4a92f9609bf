"""cert-manager's own controllers, run beside the lab as far as a self-signed certificate goes."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab import tools
from tests.lab.kubectl import Kubectl
from tests.lab.layout import default_layout
from tests.lab.parts import go_minimum
from tests.lab.processes import Processes
from tests.lab.system import go_toolchain

_KINDS = ("certificaterequests", "certificates", "clusterissuers", "issuers")


def definitions() -> list[str]:
    """Return the files of cert-manager's definitions, from its Go module."""
    layout, source = default_layout(), tools.CERT_MANAGER.source
    go = go_toolchain(layout, Processes(layout=layout), go_minimum(source))
    command: list[str | Path] = [go, "mod", "download", "-json", tools.CERT_MANAGER.module]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=True)
    folder = Path(json.loads(done.stdout)["Dir"]) / "deploy" / "crds"
    return [str(folder / f"cert-manager.io_{kind}.yaml") for kind in _KINDS]


@contextmanager
def running(kubectl: Kubectl, program: Path, folder: Path) -> Iterator[None]:
    """Define its kinds and run it, for as long as the context lasts."""
    files = [word for file in definitions() for word in ("-f", file)]
    kubectl("apply", "--server-side", *files)
    kubectl("wait", "--for=condition=Established", "--timeout=30s", *files)
    said = folder / "cert-manager.log"
    with said.open("wb") as log:
        process = subprocess.Popen(
            [program, kubectl.lab.kubeconfig], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield
        assert process.poll() is None, said.read_text(encoding="utf-8")
    finally:
        process.terminate()
        process.wait(timeout=20)
        kubectl("delete", "--ignore-not-found", "--timeout=50s", *files)
