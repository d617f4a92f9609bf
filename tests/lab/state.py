"""What a running lab tells others: .lab/lab.json, read and written here only."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.lab.errors import LabError

CONTAINERD_NAMESPACE = "k8s.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A running lab: addresses, files and processes. Fields of absent parts are empty."""

    apiserver: str
    etcd: str
    kubeconfig: str
    ca_file: str
    client_cert: str
    client_key: str
    kubectl: str
    registry: str
    registry_log: str
    docker_host: str
    containerd_socket: str
    containerd_namespace: str
    containerd_root: str
    host_address: str
    netns: str
    node: bool
    node_name: str
    kubelet: str
    kubelet_root: str
    logs: str
    versions: dict[str, str]
    pids: dict[str, int]


def save(lab: Lab, path: Path) -> None:
    """Write the state so that a reader never sees half of it."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(asdict(lab), indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)


def load(path: Path) -> Lab:
    """Read the state of a running lab."""
    try:
        return Lab(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise LabError("the lab is not up: run `make lab-up`") from None
    except (TypeError, ValueError):
        raise LabError(f"{path.name} is not of this version: run `make lab-up`") from None
