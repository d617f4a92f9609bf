"""The objects that are admitted, and the reviews that carry them, as an API server sends them."""

import json
import uuid
from collections.abc import Sequence

Json = dict[str, object]


def deployment(name: str, namespace: str, *images: str, secrets: Sequence[str] = ()) -> Json:
    """Make a Deployment of a container an image, with what the API server fills in."""
    pod = {
        "containers": [_container(f"c{i}", image) for i, image in enumerate(images)],
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {},
        **({"imagePullSecrets": [{"name": one} for one in secrets]} if secrets else {}),
    }
    labels = {"app": name}
    rolling = {"maxUnavailable": "25%", "maxSurge": "25%"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
        },
    }


def review(name: str, namespace: str, *images: str, secrets: Sequence[str] = ()) -> bytes:
    """Make the review of its creation."""
    made = deployment(name, namespace, *images, secrets=secrets)
    metadata = made["metadata"]
    assert isinstance(metadata, dict)
    metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": "2026-01-01T00:00:00Z"}
    kind = {"group": "apps", "version": "v1", "kind": "Deployment"}
    resource = {"group": "apps", "version": "v1", "resource": "deployments"}
    request = {
        "uid": str(uuid.uuid4()),
        "kind": kind,
        "resource": resource,
        "requestKind": kind,
        "requestResource": resource,
        "name": name,
        "namespace": namespace,
        "operation": "CREATE",
        "userInfo": {"username": "bench", "groups": ["system:authenticated"]},
        "object": made,
        "oldObject": None,
        "dryRun": True,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
    }
    whole = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}
    return json.dumps(whole).encode()


def _container(name: str, image: str) -> Json:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "resources": {"limits": {"memory": "64Mi", "cpu": "100m"}},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
