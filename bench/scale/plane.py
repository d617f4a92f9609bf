"""A control plane of the bench's own on loopback: the lab's programs, and an audit log."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.scale.kept import MANAGED
from tests.lab import certs, parts, tools
from tests.lab.control_plane import ControlPlane
from tests.lab.layout import Layout, choose_addresses, default_layout
from tests.lab.processes import Processes, end, ours

SLIMGATE: Final = "slimgate"
BARE: Final = "bare"
_GROUP: Final = "system:serviceaccounts"
"""Whose requests the API server shares out as it does those of a pod's."""
_A_DAY: Final = 86_400
_GRACE: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedPlane(ControlPlane):
    """Writes down each request of slimgate's, and takes nodes for alive for a day."""

    @property
    def log(self) -> Path:
        """The audit log."""
        return self.layout.data / "audit.log"

    def apiserver(self) -> list[str]:
        """Return the API server's flags."""
        policy = self.layout.data / "audit.json"
        rules = [{"level": "Metadata", "users": [SLIMGATE]}, {"level": "None"}]
        kind = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy"}
        # A watch is answered when it begins, and complete when it ends.
        omitted = {"omitStages": ["RequestReceived", "ResponseStarted"]}
        policy.write_text(json.dumps({**kind, **omitted, "rules": rules}))
        audit = [f"--audit-policy-file={policy}", f"--audit-log-path={self.log}"]
        return [*ControlPlane.apiserver(self), *audit]

    def controller_manager(self) -> list[str]:
        """Return the controller manager's flags: thousands of made-up nodes send no heartbeats."""
        calm = [f"--node-monitor-grace-period={_A_DAY}s", "--node-monitor-period=60s"]
        return [*ControlPlane.controller_manager(self), *calm]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A running one."""

    control: AuditedPlane

    @property
    def layout(self) -> Layout:
        """Its folders."""
        return self.control.layout

    @property
    def store(self) -> str:
        """The URL of etcd."""
        return self.control.addresses.etcd

    @property
    def server(self) -> str:
        """The API server's URL."""
        return self.control.addresses.apiserver

    @property
    def pki(self) -> Path:
        """The users' certificates."""
        return self.layout.pki

    def kubeconfig(self, user: str) -> str:
        """Write a user's kubeconfig and return where it is."""
        path = self.layout.home / f"{user}.kubeconfig"
        certs.write_kubeconfig(self.pki, self.server, user, path)
        return str(path)

    def work(self) -> None:
        """Have Kubernetes' own controllers at work, and kwok run the pods that they make."""
        self.control.start_controllers()
        tools.ensure(self.layout, [tools.KWOK])
        flags = [
            f"--kubeconfig={self.kubeconfig('admin')}",
            f"--config={Path(__file__).with_name('kwok.yaml')}",
            "--manage-all-nodes=false",
            f"--manage-nodes-with-annotation-selector={MANAGED}=fake",
            "--node-lease-duration-seconds=0",
        ]
        program = tools.KWOK.path(self.layout)
        self.control.processes.start("kwok", [program, *flags], inside=False)


@contextmanager
def running(folder: Path) -> Iterator[Plane]:
    """Start one whose files are in a folder, and end it."""
    cache = default_layout().cache
    layout = Layout(checkout=folder, cache=cache, run=folder / "run", node=False)
    for made in (layout.home, layout.logs, layout.data, layout.run):
        made.mkdir(parents=True, exist_ok=True)
    processes = Processes(layout=layout)
    addresses = choose_addresses(node=False)
    try:
        kube = parts.kube_program(layout, processes)
        plane = AuditedPlane(layout=layout, addresses=addresses, processes=processes, kube=kube)
        plane.start_api()
        for user in (SLIMGATE, BARE):
            identity = certs.Identity(file=user, user=user, group=_GROUP)
            certs.request(layout.pki, identity, authority=False)
        yield Plane(control=plane)
    finally:
        end(ours(layout.run), grace=_GRACE)
