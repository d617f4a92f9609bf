"""Where the lab keeps things: paths, addresses and names; the only I/O asks who owns it."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

NETNS = "slimgate-lab"
NODE_NAME = "slimgate-lab"
VETH = "slimgate-lab0"
INSIDE = "10.99.0.1"
ANY = "0.0.0.0"  # noqa: S104 inside the namespace, which only this machine reaches
OUTSIDE = "10.99.0.254"
POD_CIDR = "10.99.1.0/24"
SERVICE_CIDR = "10.0.0.0/16"
SERVICE_API = "10.0.0.1"
SERVICE_DNS = "10.0.0.10"
REGISTRY_PORT = 5000
CGROUP = "slimgate-lab"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Every folder of the lab, and whether it has a node (which takes root)."""

    checkout: Path
    cache: Path
    run: Path
    node: bool

    @property
    def home(self) -> Path:
        """The checkout's own folder: state that users read, logs, and data of this start."""
        return self.checkout / ".lab"

    @property
    def logs(self) -> Path:
        """One log a part."""
        return self.home / "logs"

    @property
    def pki(self) -> Path:
        """Certificates and keys of this start."""
        return self.home / "pki"

    @property
    def data(self) -> Path:
        """What this start writes and the next one must not see: etcd, containerd, registry."""
        return self.home / "data"

    @property
    def engine_data(self) -> Path:
        """The Docker engine's images, kept between starts so that builds are quick."""
        return self.home / "engine"

    @property
    def images_ready(self) -> Path:
        """There once the example's images can be built and pushed: long before Kubernetes runs."""
        return self.data / "images-ready"

    @property
    def bases_ready(self) -> Path:
        """There once all base images are in the registry."""
        return self.data / "bases-ready"

    @property
    def lab_json(self) -> Path:
        """What other programs read to find the lab."""
        return self.home / "lab.json"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's way into the cluster."""
        return self.home / "kubeconfig"

    @property
    def kubectl(self) -> Path:
        """A link to it."""
        return self.home / "bin" / "kubectl"

    @property
    def containerd_socket(self) -> Path:
        """The kubelet's containerd."""
        return self.run / "containerd.sock"

    @property
    def engine_socket(self) -> Path:
        """The Docker engine."""
        return self.run / "docker.sock"

    def owner(self) -> Path:
        """Return the checkout that started the lab last; this one if none did."""
        try:
            return Path((self.run / "owner").read_text(encoding="utf-8"))
        except OSError:
            return self.checkout

    def roots(self) -> tuple[Path, ...]:
        """Everything below which mounts and processes are the lab's own."""
        return (self.run, self.home, self.cache, self.owner() / ".lab")


def default_layout(*, node: bool | None = None) -> Layout:
    """Return the lab of the checkout that the current folder is; root's has a node."""
    checkout = Path.cwd().resolve()
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = Path(os.environ.get("SLIMGATE_LAB_CACHE") or base / "slimgate-lab").resolve()
    node = os.geteuid() == 0 if node is None else node
    # Sockets have short paths (108 bytes), and what a reboot ends should vanish with it.
    run = Path("/run/slimgate-lab") if node else checkout / ".lab" / "run"
    return Layout(checkout=checkout, cache=cache, run=run, node=node)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the parts listen and how the API server reaches this machine."""

    ip: str
    host: str
    apiserver_port: int
    etcd_port: int
    etcd_peer_port: int
    registry_port: int
    controller_manager_port: int
    scheduler_port: int

    @property
    def apiserver(self) -> str:
        """The API server's URL."""
        return f"https://{self.ip}:{self.apiserver_port}"

    @property
    def etcd(self) -> str:
        """The URL of etcd, on the loopback of where the API server runs."""
        return f"http://127.0.0.1:{self.etcd_port}"

    @property
    def registry(self) -> str:
        """The registry as it stands in image references."""
        return f"{self.ip}:{self.registry_port}"


def choose_addresses(*, node: bool) -> Addresses:
    """Return the namespace's fixed addresses, or free loopback ports where there is none."""
    if node:
        return Addresses(
            ip=INSIDE,
            host=OUTSIDE,
            apiserver_port=6443,
            etcd_port=2379,
            etcd_peer_port=2380,
            registry_port=REGISTRY_PORT,
            controller_manager_port=10257,
            scheduler_port=10259,
        )
    sockets = [socket.socket() for _ in range(6)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        ports: list[int] = [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
    return Addresses(
        ip="127.0.0.1",
        host="127.0.0.1",
        apiserver_port=ports[0],
        etcd_port=ports[1],
        etcd_peer_port=ports[2],
        registry_port=ports[3],
        controller_manager_port=ports[4],
        scheduler_port=ports[5],
    )
