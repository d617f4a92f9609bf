"""Objects as tests create them: workloads of every kind that start no pod, policies, exceptions."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.live.api import Json

KINDS: Final = (
    "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job",
    "CronJob", "Pod",
)  # fmt: skip
NOWHERE: Final = {"slimgate-live": "nowhere"}
"""A node selector that no node has: pods are made, and none is ever started."""
_VERSIONS: Final = {
    "ReplicationController": "v1", "Pod": "v1", "Job": "batch/v1", "CronJob": "batch/v1",
}  # fmt: skip
_LABELS: Final = {"app": "live"}
_SELECTED: Final = {"matchLabels": _LABELS}


def container(image: str, name: str = "main", **fields: object) -> Json:
    """Make a container."""
    return {"name": name, "image": image, **fields}


def pod_spec(*images: str, **fields: object) -> Json:
    """Make a pod's spec with one container for each image: main, then main-1 and so on."""
    names = ["main", *(f"main-{number}" for number in range(1, len(images)))]
    return {
        "containers": [container(image, name) for image, name in zip(images, names, strict=True)],
        "nodeSelector": NOWHERE,
        "terminationGracePeriodSeconds": 0,
        **fields,
    }


def workload(
    kind: str,
    namespace: str,
    pod: Json,
    name: str = "web",
    *,
    labels: Mapping[str, str] | None = None,
    replicas: int = 0,
) -> Json:
    """Make a workload of a kind; unless there are replicas, no pod follows from it."""
    pod = {**pod, "restartPolicy": "Never"} if kind in {"Job", "CronJob"} else pod
    template = {"metadata": {"labels": _LABELS}, "spec": pod}
    job = {"template": template, "suspend": replicas == 0}
    scaled = {"replicas": replicas, "template": template}
    specs: dict[str, Json] = {
        "Pod": pod,
        "Job": job,
        "CronJob": {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": job}},
        "DaemonSet": {"selector": _SELECTED, "template": template},
        "StatefulSet": {**scaled, "selector": _SELECTED, "serviceName": name},
        "ReplicationController": {**scaled, "selector": _LABELS},
    }
    return {
        "apiVersion": _VERSIONS.get(kind, "apps/v1"),
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": {**_LABELS, **(labels or {})}},
        "spec": specs.get(kind, {**scaled, "selector": _SELECTED}),
    }


def template_of(obj: Json) -> Json:
    """Return the pod template of a workload, which is the object itself for a Pod."""
    spec: Json = obj["spec"]
    if obj["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    found: Json = obj if obj["kind"] == "Pod" else spec["template"]
    return found


def with_image(obj: Json, image: str) -> Json:
    """Write a merge patch that gives each of the workload's containers another image."""
    containers = [{**one, "image": image} for one in template_of(obj)["spec"]["containers"]]
    return with_template(obj, {"spec": {"containers": containers}})


def with_template(obj: Json, template: Json) -> Json:
    """Write a merge patch that changes the workload's pod template."""
    if obj["kind"] == "Pod":
        return template
    if obj["kind"] == "CronJob":
        return {"spec": {"jobTemplate": {"spec": {"template": template}}}}
    return {"spec": {"template": template}}


def policy(name: str, spec: Mapping[str, object]) -> Json:
    """Make a SlimPolicy."""
    return {
        "apiVersion": "slimgate.dev/v1alpha1",
        "kind": "SlimPolicy",
        "metadata": {"name": name},
        "spec": dict(spec),
    }


def base_image(name: str, *references: str, tier: str | None = None) -> Json:
    """Make a BaseImage."""
    spec = {"references": list(references), **({"tier": tier} if tier else {})}
    return {
        "apiVersion": "slimgate.dev/v1alpha1",
        "kind": "BaseImage",
        "metadata": {"name": name},
        "spec": spec,
    }


def exception(namespace: str, *policies: str, **spec: object) -> Json:
    """Make a SlimException from policies that ends in an hour."""
    expires = datetime.now(UTC) + timedelta(hours=1)
    whole = {
        "reason": "the migration of next week",
        "expirationTime": expires.isoformat(timespec="seconds"),
        "policyRefs": list(policies),
        **spec,
    }
    return {
        "apiVersion": "slimgate.dev/v1alpha1",
        "kind": "SlimException",
        "metadata": {"name": "leave", "namespace": namespace},
        "spec": whole,
    }
