"""Nodes, Deployments and all that follows from them, as the API server keeps them in etcd.

Kubernetes' own controllers find nothing to do then; to have them make 50,000 pods takes a machine
of two cores longer than all that is measured.
"""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.images import Image
from bench.scale.objects import Json, Size, deployment, named, node_name

Kept = tuple[str, Json]
"""A key below etcd's prefix, and the object."""
MANAGED: Final = "kwok.x-k8s.io/node"
_SINCE: Final = "2026-11-01T00:00:00Z"
_HASH: Final = "pod-template-hash"
_REVISION: Final = "deployment.kubernetes.io/revision"
_AVAILABLE: Final = "Deployment has minimum availability."
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


def nodes(size: Size, images: Sequence[Image], kubelet: tuple[str, int]) -> Iterator[Kept]:
    """Make the nodes, all ready; `kubelet` is the address and port of all of theirs."""
    rng = random.Random(size.seed + 1)
    architecture = {
        f"{prefix}kubernetes.io/{key}": text
        for prefix in ("", "beta.")
        for key, text in (("os", "linux"), ("arch", "amd64"))
    }
    for number in range(size.nodes):
        name = node_name(number)
        made = _kept(named("v1", "Node", name))
        annotations = {MANAGED: "fake", "node.alpha.kubernetes.io/ttl": _ttl(size.nodes)}
        made["metadata"] |= {"annotations": annotations, "labels": architecture}
        held = rng.sample(images, min(size.node_images, len(images)))
        made["spec"] = {}
        made["status"] = {
            "addresses": [
                {"type": "InternalIP", "address": kubelet[0]},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet[1]}},
            "nodeInfo": _NODE_INFO,
            "allocatable": _ROOM,
            "capacity": _ROOM,
            "conditions": [_true("Ready")],
            "images": [
                {"names": [_pinned(one), one.reference], "sizeBytes": 1_000_000} for one in held
            ],
            "phase": "Running",
        }
        yield f"minions/{name}", made


def workloads(size: Size, images: Sequence[Image]) -> Iterator[Kept]:
    """Make the Deployments, each of one image, and where they have pods what follows from them."""
    rng = random.Random(size.seed)
    for number in range(size.deployments):
        family = Family(size=size, number=number, image=rng.choice(images))
        yield family.deployment()
        if size.replicas:
            yield family.replica_set()
            yield from family.pods()


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One Deployment, and what Kubernetes makes of it."""

    size: Size
    number: int
    image: Image

    def deployment(self) -> Kept:
        """Make it."""
        made, replicas = self._made(), self.size.replicas
        made["metadata"] |= {"annotations": {_REVISION: "1"}, "generation": 1}
        rolling = {"maxSurge": "25%", "maxUnavailable": "25%"}
        made["spec"] |= {
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 10,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
        }
        made["status"] = {
            **_scaled(replicas),
            "updatedReplicas": replicas,
            "conditions": [
                _true(
                    "Available", "MinimumReplicasAvailable", "Deployment has minimum availability."
                ),
                _true("Progressing", "NewReplicaSetAvailable", self._progressed()),
            ],
        }
        return _key("deployments", made), made

    def replica_set(self) -> Kept:
        """Make its ReplicaSet."""
        whole, replicas = self._made(), self.size.replicas
        name, namespace = whole["metadata"]["name"], whole["metadata"]["namespace"]
        labels = {**whole["spec"]["selector"]["matchLabels"], _HASH: _hash(self.number)}
        made = _kept(named("apps/v1", "ReplicaSet", f"{name}-{_hash(self.number)}", namespace))
        annotations = {
            _REVISION: "1",
            "deployment.kubernetes.io/desired-replicas": str(replicas),
            "deployment.kubernetes.io/max-replicas": str(replicas + -(-replicas // 4)),
        }
        made["metadata"] |= {
            "annotations": annotations,
            "generation": 1,
            "labels": labels,
            "ownerReferences": [_owner(whole)],
        }
        template = {"metadata": {"labels": labels}, "spec": whole["spec"]["template"]["spec"]}
        made["spec"] = {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": template,
        }
        made["status"] = {**_scaled(replicas), "fullyLabeledReplicas": replicas}
        return _key("replicasets", made), made

    def pods(self) -> Iterator[Kept]:
        """Make its pods, which run."""
        _, above = self.replica_set()
        template, metadata = above["spec"]["template"], above["metadata"]
        for i in range(self.size.replicas):
            made = _kept(named("v1", "Pod", f"{metadata['name']}-{i:05d}", metadata["namespace"]))
            made["metadata"] |= {
                "generateName": f"{metadata['name']}-",
                "labels": metadata["labels"],
                "ownerReferences": [_owner(above)],
            }
            place = (self.number * self.size.replicas + i) % max(self.size.nodes, 1)
            made["spec"] = {
                **template["spec"],
                "enableServiceLinks": True,
                "nodeName": node_name(place),
                "preemptionPolicy": "PreemptLowerPriority",
                "priority": 0,
                "serviceAccount": "default",
                "serviceAccountName": "default",
            }
            made["status"] = self._running()
            yield _key("pods", made), made

    def _made(self) -> Json:
        namespace, name = self.size.place(self.number)
        return _kept(deployment(namespace, name, self.image.reference, self.size.replicas))

    def _progressed(self) -> str:
        _, name = self.size.place(self.number)
        return f'ReplicaSet "{name}-{_hash(self.number)}" has successfully progressed.'

    def _running(self) -> Json:
        status = {
            "name": "main",
            "image": self.image.reference,
            "imageID": _pinned(self.image),
            "ready": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": _SINCE}},
        }
        ready = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
        return {
            "phase": "Running",
            "qosClass": "Burstable",
            "startTime": _SINCE,
            "conditions": [_true(kind) for kind in ready],
            "containerStatuses": [status],
        }


def _kept(made: Json) -> Json:
    """Add what the API server adds to every object."""
    metadata = made["metadata"]
    whole = "/".join([made["kind"], metadata.get("namespace", ""), metadata["name"]])
    metadata |= {"uid": str(uuid.uuid5(uuid.NAMESPACE_URL, whole)), "creationTimestamp": _SINCE}
    return made


def _key(plural: str, made: Json) -> str:
    return f"{plural}/{made['metadata']['namespace']}/{made['metadata']['name']}"


def _owner(made: Json) -> Json:
    return {
        "apiVersion": made["apiVersion"],
        "kind": made["kind"],
        "name": made["metadata"]["name"],
        "uid": made["metadata"]["uid"],
        "blockOwnerDeletion": True,
        "controller": True,
    }


def _scaled(replicas: int) -> Json:
    names = ("replicas", "readyReplicas", "availableReplicas")
    return {"observedGeneration": 1, "terminatingReplicas": 0, **dict.fromkeys(names, replicas)}


def _true(kind: str, reason: str = "MadeUp", message: str = "made up") -> Json:
    times = dict.fromkeys(("lastTransitionTime", "lastUpdateTime"), _SINCE)
    return {"type": kind, "status": "True", "reason": reason, "message": message, **times}


def _ttl(nodes: int) -> str:
    """Say for how long kubelets of so large a cluster may keep Secrets, as Kubernetes does."""
    steps = {100: 0, 500: 15, 1000: 30, 2000: 60}
    return str(next((seconds for most, seconds in steps.items() if nodes <= most), 300))


def _hash(number: int) -> str:
    return f"{number:010d}".translate(str.maketrans("0123456789", "bcdfghjklm"))


def _pinned(image: Image) -> str:
    return f"{image.reference.rpartition(':')[0]}@{image.digest}"
