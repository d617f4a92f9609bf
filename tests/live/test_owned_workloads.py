"""A workload is judged once: what controllers make of it is neither judged nor recorded again."""

import pytest

from tests.lab.state import Lab
from tests.live.api import Api, Json, eventually
from tests.live.programs import Program
from tests.live.room import Room
from tests.live.shelf import FAT, TINY
from tests.live.site import Site

pytestmark = pytest.mark.lab

ADMISSIONS = "slimgate_admissions_total"
# What each owner's controller makes, in order of descent.
MADE = {
    "Deployment": ("ReplicaSet", "Pod"),
    "ReplicaSet": ("Pod",),
    "ReplicationController": ("Pod",),
    "StatefulSet": ("Pod",),
    "Job": ("Pod",),
}


@pytest.mark.parametrize("kind", MADE)
def test_one_admission_verdict(room: Room, webhook: Program, kind: str) -> None:
    """The owner alone gets a verdict; each object of its controllers is let through as `owned`."""
    image = room.shelf.noise(TINY)
    room.policy(limits={"pullSize": {"deny": "300k"}})

    def counts() -> dict[str, float]:
        outcomes = ("allow", "warn", "deny", "unknown", "owned")
        return {one: webhook.metric(ADMISSIONS, outcome=one) for one in outcomes}

    before = counts()
    room.deploy(image, kind=kind, replicas=1)
    _await_made(room.api, room.namespace, MADE[kind])
    after = counts()

    changed = {one: after[one] - before[one] for one in after}
    assert changed == {
        "allow": 1.0, "warn": 0.0, "deny": 0.0, "unknown": 0.0, "owned": float(len(MADE[kind])),
    }  # fmt: skip


@pytest.mark.parametrize("kind", MADE)
def test_one_record(room: Room, controller: Program, kind: str) -> None:
    """Nothing is written about what the owner's controllers make, but what they copy themselves."""
    image = room.shelf.noise(FAT)
    policy = room.policy(limits={"pullSize": {"deny": "300k"}}, mode="Audit")

    owner = room.deploy(image, kind=kind, replicas=1)
    made = _await_made(room.api, room.namespace, MADE[kind])
    room.await_verdict(owner, "deny")
    # Whatever there is to record of the others would have been by the time of one that came later.
    # A Deployment would adopt the ReplicaSet, which has its labels.
    room.await_verdict(room.deploy(image, kind="CronJob", name="later"), "deny")

    assert [event["reason"] for event in room.events(owner)] == ["SlimPolicyViolation"]
    assert [room.events(obj) for obj in made] == [[]] * len(made)
    pods = [obj for obj in made if obj["kind"] == "Pod"]
    assert [room.annotations(pod) for pod in pods] == [{}] * len(pods)
    eventually(
        lambda: room.status(policy).get("workloads") == 2, "the policy counts both owners, no more"
    )
    assert controller.runs()


@pytest.mark.node
def test_a_daemon_of_each_node(room: Room, webhook: Program, lab: Lab) -> None:
    """The pods that a DaemonSet's controller makes on nodes are let through as `owned`."""
    if not lab.node:
        pytest.skip("the lab has no node: that needs root")
    image = room.shelf.noise(TINY)
    room.policy(limits={"pullSize": {"deny": "300k"}})
    before = webhook.metric(ADMISSIONS, outcome="owned")

    room.deploy(image, kind="DaemonSet", nodeSelector={})
    _await_made(room.api, room.namespace, ("Pod",))

    assert webhook.metric(ADMISSIONS, outcome="owned") - before >= 1.0


def test_a_borrowed_owner_does_not_help(room: Room) -> None:
    """A user's pod that claims a ReplicaSet for its owner is judged as any other."""
    fat, slim = room.shelf.noise(FAT, repository="fat"), room.shelf.noise(TINY)
    room.policy(limits={"pullSize": {"deny": "300k"}})
    room.deploy(slim, replicas=1)
    (replica_set, _) = _await_made(room.api, room.namespace, MADE["Deployment"])

    pod = room.workload(fat, kind="Pod", name="borrowed")
    pod["metadata"]["ownerReferences"] = [
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": replica_set["metadata"]["name"],
            "uid": replica_set["metadata"]["uid"],
            "controller": True,
        }
    ]

    refused = room.api.try_create(pod, dry_run=True)

    assert refused.status == 403
    assert f'container "main": {fat} pulls 391 KiB' in refused.message


def test_what_is_adopted_counts_no_more(room: Room, controller: Program) -> None:
    """A ReplicaSet that a Deployment has found is the Deployment's from then on."""
    policy = room.policy(limits={"pullSize": {"deny": "300k"}}, mode="Audit")
    image = room.shelf.noise(FAT)
    room.await_verdict(room.deploy(image, kind="ReplicaSet"), "deny")

    room.await_verdict(room.deploy(image, name="later"), "deny")

    eventually(lambda: room.status(policy).get("workloads") == 1, "the Deployment alone counts")
    assert controller.runs()


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("away", [False, True])
def test_what_was_said_of_what_is_adopted(room: Room, site: Site, *, away: bool) -> None:
    """Pods that lost their StatefulSet are judged, until one finds them that was made anew.

    Then nothing is left of their verdicts, be it that the controller was away meanwhile.
    """
    site.roles.start("controller")
    policy = room.policy(limits={"pullSize": {"deny": "300k"}}, mode="Audit")
    image = room.shelf.noise(FAT)
    pod = eventually(lambda: _make_orphan(room, image), "a pod has lost its StatefulSet")
    room.await_verdict(pod, "deny")

    if away:
        site.roles.stop("controller")
    room.deploy(image, kind="StatefulSet", replicas=1)
    eventually(lambda: _owners(room.api.get(pod)), "the pod is adopted")
    site.roles.start("controller")
    room.await_verdict(pod, None)
    eventually(lambda: room.status(policy).get("workloads") == 1, "the StatefulSet alone counts")

    assert room.annotations(pod) == {}
    assert len(room.events(pod)) == 1


def _make_orphan(room: Room, image: str) -> Json | None:
    """Make a StatefulSet's pod that has lost it.

    None if it went with its owner: Kubernetes' collector orphans only what it has heard of by then.
    """
    owner = room.deploy(image, kind="StatefulSet", replicas=1)
    room.await_verdict(owner, "deny")
    (pod,) = _await_made(room.api, room.namespace, ("Pod",))
    room.api.delete(owner, policy="Orphan")
    eventually(lambda: room.api.find(owner) is None, "the StatefulSet is gone")
    eventually(lambda: not _owners(room.api.find(pod) or {}), "so is the pod, or its owner's name")
    return room.api.find(pod) and pod


def _owners(obj: Json) -> object:
    return obj.get("metadata", {}).get("ownerReferences")


def _await_made(api: Api, namespace: str, kinds: tuple[str, ...]) -> list[Json]:
    """Wait until an object of each kind has come, and return one of each."""
    return [_await_one(api, namespace, kind) for kind in kinds]


def _await_one(api: Api, namespace: str, kind: str) -> Json:
    found = eventually(lambda: api.list(kind, namespace), f"a {kind} is made")
    return {**found[0], "kind": kind}
