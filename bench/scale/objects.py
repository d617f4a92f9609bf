"""The objects of a cluster of any size: the same ones for the same seed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.images import Image

Json = dict[str, Any]
POLICY: Final = "scale"
"""The one that all workloads are judged by; the others are each for one namespace."""
NEVER: Final = "1Gi"
ALWAYS: Final = "1Ki"
"""Limits of pull sizes that no image of the bench reaches, and that each one breaks."""
MANAGED: Final = "kwok.x-k8s.io/node"
_ENDS: Final = "2046-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many of each there are."""

    deployments: int
    images: int
    namespaces: int
    nodes: int
    node_images: int
    pods: int
    policies: int
    exceptions: int
    seed: int

    @property
    def replicas(self) -> int:
        """Pods of each Deployment."""
        return self.pods // self.deployments

    def namespace(self, number: int) -> str:
        """Name the namespace of what has a number."""
        return f"scale-{number % self.namespaces:04d}"

    def place(self, number: int) -> tuple[str, str]:
        """Name the namespace and the name of a Deployment."""
        return self.namespace(number), f"web-{number:06d}"


def namespaces(size: Size) -> Iterator[Json]:
    """Make the namespaces."""
    for number in range(size.namespaces):
        yield _named("v1", "Namespace", size.namespace(number))


def deployments(size: Size, images: Sequence[Image]) -> Iterator[Json]:
    """Make the Deployments, each of one image."""
    rng = random.Random(size.seed)
    for number in range(size.deployments):
        namespace, name = size.place(number)
        yield deployment(namespace, name, rng.choice(images), size.replicas)


def deployment(namespace: str, name: str, image: Image, replicas: int) -> Json:
    """Make a Deployment that runs on made-up nodes only."""
    labels = {"app": name, "team": namespace}
    pod = {
        "containers": [
            {
                "name": "main",
                "image": image.reference,
                "env": [{"name": f"OPTION_{i}", "value": "on"} for i in range(5)],
                "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}},
            }
        ],
        "tolerations": [{"operator": "Exists"}],
        "automountServiceAccountToken": False,
    }
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    return {**_named("apps/v1", "Deployment", name, namespace), "spec": spec}


def nodes(size: Size) -> Iterator[Json]:
    """Make the nodes; kwok has them get ready."""
    for number in range(size.nodes):
        made = _named("v1", "Node", node_name(number))
        made["metadata"] |= {
            "annotations": {MANAGED: "fake"},
            "labels": {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"},
        }
        yield made


def node_name(number: int) -> str:
    """Name a node."""
    return f"node-{number:05d}"


def node_statuses(size: Size, images: Sequence[Image], kubelet: tuple[str, int]) -> Iterator[Json]:
    """Make what each node says of itself: its images, and where its kubelet is."""
    rng = random.Random(size.seed + 1)
    host, port = kubelet
    for number in range(size.nodes):
        held = rng.sample(images, min(size.node_images, len(images)))
        yield {
            "addresses": [
                {"type": "InternalIP", "address": host},
                {"type": "Hostname", "address": node_name(number)},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            "nodeInfo": _NODE_INFO,
            "allocatable": _ROOM,
            "capacity": _ROOM,
            "images": [
                {"names": [_pinned(one), one.reference], "sizeBytes": 1_000_000} for one in held
            ],
        }


def policies(size: Size, limit: str) -> Iterator[Json]:
    """Make the policies: one for all workloads, and others each for a namespace."""
    yield policy(limit)
    for number in range(size.policies - 1):
        made = _named("slimgate.dev/v1alpha1", "SlimPolicy", f"{POLICY}-{number:03d}")
        include = {"include": [size.namespace(number)]}
        yield {**made, "spec": {"match": {"namespaces": include}, "limits": _limits("2Gi")}}


def policy(limit: str) -> Json:
    """Make the policy of all workloads."""
    made = _named("slimgate.dev/v1alpha1", "SlimPolicy", POLICY)
    return {**made, "spec": {"mode": "Audit", "limits": _limits(limit)}}


def exceptions(size: Size) -> Iterator[Json]:
    """Make the exceptions: each from a policy of its namespace, which no workload breaks."""
    others = max(size.policies - 1, 1)
    for number in range(size.exceptions):
        namespace = size.namespace(number)
        made = _named("slimgate.dev/v1alpha1", "SlimException", f"leave-{number:05d}", namespace)
        workload = {"apiGroup": "apps", "kind": "Deployment", "name": f"web-{number:06d}"}
        spec = {
            "policyRefs": [f"{POLICY}-{number % others:03d}"],
            "resources": [workload],
            "reason": "made for the bench",
            "expirationTime": _ENDS,
        }
        yield {**made, "spec": spec}


_ROOM: Final = {"cpu": "64", "memory": "256Gi", "pods": "250"}
_NODE_INFO: Final = {
    "architecture": "amd64",
    "operatingSystem": "linux",
    "containerRuntimeVersion": "containerd://2.1.4",
    **dict.fromkeys(
        ("bootID", "kernelVersion", "kubeProxyVersion", "kubeletVersion", "machineID", "osImage"),
        "made-up",
    ),
    "systemUUID": "made-up",
}


def _limits(size: str) -> Json:
    return {"pullSize": {"deny": size}}


def _pinned(image: Image) -> str:
    return f"{image.reference.rpartition(':')[0]}@{image.digest}"


def _named(version: str, kind: str, name: str, namespace: str = "") -> Json:
    within = {"namespace": namespace} if namespace else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **within}}
