"""A second node for the lab's cluster, in the same network namespace, for as long as it is used."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from tests.lab import certs
from tests.lab.api import Api
from tests.lab.kubectl import Kubectl
from tests.lab.layout import NETNS, VETH, choose_addresses, default_layout
from tests.lab.leftovers import mounts
from tests.lab.network import run as command
from tests.lab.node import Node
from tests.lab.parts import kube_program
from tests.lab.processes import Processes, end, recorded

_SUFFIX: Final = "-2"
_IP: Final = "10.99.0.2"
_PODS: Final = "10.99.2.0/24"
_PORT: Final = 10251
_GRACE: Final = 10.0


@contextmanager
def second_node(kubectl: Kubectl) -> Iterator[str]:
    """Have a second node join, and return its name; in the end it is gone with its pods."""
    node = _node()
    address = f"-n {NETNS} addr add {_IP}/24 dev {VETH}i"
    command("ip", *address.split())
    try:
        _certify(node)
        node.start_containerd()
        node.start_kubelet()
        node.wait(Api(server=kubectl.lab.apiserver, pki=node.layout.pki))
        yield node.name
    finally:
        _leave(node, kubectl)
        command("ip", *address.replace("addr add", "addr del").split())


def _node() -> Node:
    layout = default_layout()
    processes = Processes(layout=layout)
    return Node(
        layout=layout,
        addresses=choose_addresses(node=True),
        processes=processes,
        kube=kube_program(layout, processes),
        suffix=_SUFFIX,
        ip=_IP,
        pods=_PODS,
        port=_PORT,
    )


def _certify(node: Node) -> None:
    user = f"kubelet{node.suffix}"
    names = (f"DNS:{node.name}", f"IP:{node.ip}")
    identity = replace(certs.KUBELET, file=user, user=f"system:node:{node.name}", names=names)
    pki, server = node.layout.pki, node.addresses.apiserver
    certs.request(pki, identity, authority=False)
    certs.write_kubeconfig(pki, server, user, pki / f"{user}.kubeconfig")


def _leave(node: Node, kubectl: Kubectl) -> None:
    kubectl.attempt("cordon", node.name)
    # Shims outlive containerd: the kubelet ends the pods first.
    here = f"--field-selector=spec.nodeName={node.name}"
    kubectl.attempt("delete", "pods", "-A", here, "--now", "--timeout=50s")
    parts = [f"{part}{node.suffix}" for part in ("kubelet", "containerd")]
    pids = recorded(node.layout.run)
    for part in parts:
        end({pids[part]} if part in pids else set(), grace=_GRACE)
        (node.layout.run / "pids" / part).unlink(missing_ok=True)
    kubectl.attempt("delete", "node", node.name)
    own = [
        path
        for folder in (node.layout.data, node.layout.run)
        for path in folder.glob(f"*{node.suffix}")
    ]
    for point in reversed(list(mounts(node.layout))):
        if any(point.startswith(f"{path}/") for path in own):
            subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)
    for path in own:
        shutil.rmtree(path, ignore_errors=True)
