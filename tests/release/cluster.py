"""A cluster as slimgate's users have it before they install, and as the other tests want it."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.chart.helm import ROOT
from tests.lab.kubectl import Kubectl
from tests.lab.layout import INSIDE, SERVICE_DNS
from tests.lab.state import Lab

CRDS: Final = str(ROOT / "manifests" / "crds")
CLUSTER_WIDE: Final = "validatingwebhookconfigurations,clusterroles,clusterrolebindings"
NAMESPACED: Final = (
    "pods,deployments,replicasets,jobs,services,endpointslices,configmaps,secrets,serviceaccounts,"
    "roles,rolebindings,leases,poddisruptionbudgets"
)
_UNDEFINED: Final = ("doesn't have a resource type", "could not find the requested resource")
"""What kubectl says of a kind that is not there, and of one that it remembers."""
_OF_NAMESPACES: Final = {("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")}
"""Each namespace has them."""
_RESTRICTED: Final = "pod-security.kubernetes.io/enforce=restricted"
_COREFILE: Final = """
cluster.local:53 {{
  errors
  kubernetes {{
    kubeconfig {kubeconfig}
  }}
}}
"""
_DNS: Final = f"""
apiVersion: v1
kind: Service
metadata: {{name: kube-dns, namespace: kube-system}}
spec:
  clusterIP: {SERVICE_DNS}
  ports:
    - {{name: dns, port: 53, protocol: UDP}}
    - {{name: dns-tcp, port: 53, protocol: TCP}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: kube-dns
  namespace: kube-system
  labels: {{kubernetes.io/service-name: kube-dns}}
addressType: IPv4
endpoints: [{{addresses: [{INSIDE}]}}]
ports:
  - {{name: dns, port: 53, protocol: UDP}}
  - {{name: dns-tcp, port: 53, protocol: TCP}}
"""


@contextmanager
def without_definitions(kubectl: Kubectl) -> Iterator[None]:
    """Take slimgate's definitions away, and with them what is of its kinds.

    In the end those that other tests use are there again, whoever had installed others: two
    installers of the same object would fight over its fields.
    """
    kubectl("delete", "--ignore-not-found", "--timeout=60s", "-f", CRDS)
    try:
        yield
    finally:
        kubectl("delete", "--ignore-not-found", "--timeout=60s", "-f", CRDS)
        kubectl("apply", "-f", CRDS)
        kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", CRDS)


@contextmanager
def restricted(kubectl: Kubectl, name: str) -> Iterator[str]:
    """Make a namespace in which Pod Security enforces `restricted`, for as long as it lasts."""
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, _RESTRICTED)
    try:
        yield name
    finally:
        end_pods(kubectl, name)
        kubectl("delete", "namespace", name, "--timeout=55s")


def end_pods(kubectl: Kubectl, namespace: str) -> None:
    """End a namespace's pods first: with pods in it, its deletion looks again but seldom."""
    options = ("--all", "-n", namespace, "--timeout=50s", "--now")
    kubectl.attempt("delete", "deployments,pods", *options)


@contextmanager
def dns(lab: Lab, kubectl: Kubectl, program: Path, folder: Path) -> Iterator[None]:
    """Run CoreDNS where the lab's kubelet tells pods that it is."""
    settings = folder / "Corefile"
    settings.write_text(_COREFILE.format(kubeconfig=lab.kubeconfig), encoding="utf-8")
    enter = ["nsenter", f"--net=/run/netns/{lab.netns}", "--"]
    with (folder / "coredns.log").open("wb") as log:
        running = subprocess.Popen(
            [*enter, program, "-conf", settings], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        kubectl("apply", "-f", "-", stdin=_DNS)
        yield
    finally:
        kubectl("delete", "--ignore-not-found", "-f", "-", stdin=_DNS)
        running.terminate()
        running.wait(timeout=20)


def remove_strays(kubectl: Kubectl) -> None:
    """Remove what a failed test may have left outside of slimgate's namespace."""
    own = "--selector=app.kubernetes.io/name=slimgate"
    kubectl("delete", CLUSTER_WIDE, own)
    kubectl("delete", "roles,rolebindings", "-A", own)


def left(kubectl: Kubectl, namespace: str) -> list[str]:
    """Return the names of what an uninstalled release has left, but for definitions."""
    own = "--selector=app.kubernetes.io/name=slimgate"
    found = [
        *_listed(kubectl, NAMESPACED, "-n", namespace),
        *_listed(kubectl, NAMESPACED, "-A", own),
        *_listed(kubectl, CLUSTER_WIDE, own),
        *_listed(kubectl, "imageprofiles"),
    ]
    return [f"{kind}/{name}" for kind, name in sorted({*found} - _OF_NAMESPACES)]


def _listed(kubectl: Kubectl, *argv: str) -> Iterator[tuple[str, str]]:
    # Without definitions there is nothing of their kinds.
    found = kubectl.attempt("get", *argv, "-o", "json")
    is_undefined = any(one in found.stderr for one in _UNDEFINED)
    assert found.returncode == 0 or is_undefined, found.stderr
    for one in json.loads(found.stdout or "{}").get("items", []):
        yield one["kind"], one["metadata"]["name"]


def unasked(kubectl: Kubectl) -> float:
    """Return how often the API server has admitted since a webhook of slimgate's failed."""
    metrics = kubectl("get", "--raw", "/metrics").splitlines()
    name = 'apiserver_admission_webhook_fail_open_count{name="workloads.slimgate.dev"'
    return sum(float(line.split()[-1]) for line in metrics if line.startswith(name))


def annotations(kubectl: Kubectl, name: str) -> set[str]:
    """Return slimgate's annotations of a Deployment."""
    argv = ("get", "deployment", name, "-n", "default", "-o", "json")
    found = json.loads(kubectl(*argv))["metadata"].get("annotations", {})
    return {one for one in found if one.startswith("slimgate.dev/")}
