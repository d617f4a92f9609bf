"""Requests that need no judgement: which they are, and that nobody can claim to be one."""

import pytest

from slimgate.core.admission.decision import decode
from slimgate.core.admission.repeat import Skip, skip_of

KUBE_SYSTEM = "system:serviceaccount:kube-system"
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


def skipped(
    new: object, *, old: object = None, user: str = "alice", operation: str = "CREATE"
) -> Skip | None:
    """Ask for a request as the API server sends it."""
    request = {
        "uid": "r1",
        "operation": operation,
        "namespace": "shop",
        "userInfo": {"username": user},
        "object": new,
        "oldObject": old,
    }
    return skip_of(decode({"request": request}))


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
    ],
)
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


def test_owner_that_is_no_controller() -> None:
    """An owner that only keeps the object from being collected did not make it."""
    assert skipped(pod("a", owner="apps/ReplicaSet", controller=False), user=REPLICA_SETS) is None


def test_other_controllers_and_owners() -> None:
    """Settings can name the user and the kind of a controller that Kubernetes does not have."""
    review = {
        "request": {
            "uid": "r1",
            "operation": "CREATE",
            "userInfo": {"username": "rollouts"},
            "object": pod("a", owner="argoproj.io/Rollout"),
        }
    }
    request = decode(review)
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
    if kind != "Pod":
        new = {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": {"name": "web"},
            "spec": {"template": new},
        }
    assert skipped(new, user=user) is expected
