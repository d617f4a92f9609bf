"""Requests that need no judgement: which they are, and that nobody can claim to be one."""

import pytest

from slimgate.core.admission.decision import Request, decode
from slimgate.core.admission.repeat import Skip, skip_of
from slimgate.core.workloads.workload import MAX_IMAGES

KUBE_SYSTEM = "system:serviceaccount:kube-system"
MANY = [f"shop:{number}" for number in range(4 * MAX_IMAGES + 1)]
REPLICA_SETS = f"{KUBE_SYSTEM}:replicaset-controller"


def pod(
    *images: str, owner: str = "", controller: bool = True, volume: str = ""
) -> dict[str, object]:
    """Make a bare Pod, or one that says it has an owner."""
    made: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "containers": [{"name": f"c{i}", "image": image} for i, image in enumerate(images)],
            "volumes": [{"name": "v", "image": {"reference": volume}}] if volume else [],
        },
    }
    if owner:
        group, _, kind = owner.rpartition("/")
        api = f"{group}/v1" if group else "v1"
        reference = {"apiVersion": api, "kind": kind, "name": "web", "controller": controller}
        made["metadata"] = {"name": "web", "ownerReferences": [reference]}
    return made


def asked(
    new: object, *, old: object = None, user: str = "alice", operation: str = "CREATE"
) -> Request:
    """Read a request as the API server sends it."""
    request = {
        "uid": "r1",
        "operation": operation,
        "namespace": "shop",
        "userInfo": {"username": user},
        "object": new,
        "oldObject": old,
    }
    return decode({"request": request})


def skipped(new: object, **more: object) -> Skip | None:
    """Ask for a request."""
    return skip_of(asked(new, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("CREATE", None),
        ("UPDATE", None),
        ("DELETE", Skip.OPERATION),
        ("CONNECT", Skip.OPERATION),
        ("", Skip.OPERATION),
    ],
)
def test_operation(operation: str, expected: Skip | None) -> None:
    """Only what brings an object in is judged."""
    assert skipped(pod("a"), operation=operation) is expected


@pytest.mark.parametrize(
    "new", [None, {}, {"kind": "Service", "metadata": {"name": "web"}}, pod()], ids=repr
)
def test_without_images(new: object) -> None:
    """What names no image has nothing to judge."""
    assert skipped(new) is Skip.NO_IMAGES


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (pod("a", "b"), pod("a", "b"), Skip.UNCHANGED),
        (pod("a", "b"), pod("b", "a"), Skip.UNCHANGED),
        (pod("a", "b"), pod("b"), Skip.UNCHANGED),
        (pod("a"), pod("a", "a"), Skip.UNCHANGED),
        (pod("a"), pod("a", "b"), None),
        (pod("a:1"), pod("a:2"), None),
        (pod("a", volume="b"), pod("b"), None),
        (None, pod("a"), None),
        (pod(*MANY), pod(*MANY), None),
    ],
    ids=["the same", "another order", "one less", "a copy", "one more", "another tag",
         "only mounted", "nothing", "more than are kept"],
)  # fmt: skip
def test_unchanged(old: object, new: object, expected: Skip | None) -> None:
    """An update that brings no image passes; one that runs what was only mounted is judged."""
    assert skipped(new, old=old, operation="UPDATE") is expected


@pytest.mark.parametrize(
    ("user", "owner", "expected"),
    [
        (REPLICA_SETS, "apps/ReplicaSet", Skip.OWNED),
        (f"{KUBE_SYSTEM}:job-controller", "batch/Job", Skip.OWNED),
        (f"{KUBE_SYSTEM}:daemon-set-controller", "apps/DaemonSet", Skip.OWNED),
        (f"{KUBE_SYSTEM}:statefulset-controller", "apps/StatefulSet", Skip.OWNED),
        (f"{KUBE_SYSTEM}:replication-controller", "ReplicationController", Skip.OWNED),
        ("system:kube-controller-manager", "apps/ReplicaSet", Skip.OWNED),
        ("alice", "apps/ReplicaSet", None),
        ("system:serviceaccount:shop:replicaset-controller", "apps/ReplicaSet", None),
        (f"{KUBE_SYSTEM}:generic-garbage-collector", "apps/ReplicaSet", None),
        (f"{REPLICA_SETS}x", "apps/ReplicaSet", None),
        (f"{KUBE_SYSTEM}:job-controller", "batch.volcano.sh/Job", None),
        (REPLICA_SETS, "ReplicaSet", None),
        (REPLICA_SETS, "argoproj.io/Workflow", None),
        (REPLICA_SETS, "", None),
    ],
)
def test_owned(user: str, owner: str, expected: Skip | None) -> None:
    """A copy is one that a controller makes for an owner that is judged: both, never one alone."""
    assert skipped(pod("a", owner=owner), user=user) is expected
    assert skipped(pod("a", owner=owner, controller=False), user=user) is None


def test_other_controllers_and_owners() -> None:
    """Settings can name the user and the kind of a controller that Kubernetes does not have."""
    request = asked(pod("a", owner="argoproj.io/Rollout"), user="rollouts")

    assert skip_of(request) is None
    assert skip_of(request, {"rollouts"}, {("argoproj.io", "Rollout")}) is Skip.OWNED


@pytest.mark.parametrize(
    ("user", "kind", "expected"),
    [
        ("system:node:n1", "Pod", Skip.MIRROR),
        ("system:node:n1", "Deployment", None),
        ("system:nodes", "Pod", None),
    ],
)
def test_mirror(user: str, kind: str, expected: Skip | None) -> None:
    """A node's own pods run already; it makes nothing else."""
    new = pod("a")
    made = {"apiVersion": "apps/v1", "kind": kind, "spec": {"template": new}}
    assert skipped(new if kind == "Pod" else made, user=user) is expected
