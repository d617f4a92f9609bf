"""Which workloads get annotations, as settings say, on a real API server."""

import pytest

from tests.live.api import eventually
from tests.live.programs import Program
from tests.live.room import VERDICT, Room
from tests.live.shelf import FAT, TINY
from tests.live.site import Site

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("alone")]


def _await_counts(controller: Program, policy: str, **counts: int) -> None:
    """Wait until so many workloads of a policy have each verdict."""
    eventually(
        lambda: all(
            controller.metric("slimgate_workloads", policy=policy, verdict=verdict) == count
            for verdict, count in counts.items()
        ),
        f"{policy} has {counts}",
    )


def test_over_policy(room: Room, site: Site) -> None:
    """What is within policy is never written to, and what gets within it is cleaned."""
    controller = site.roles.start("controller", annotations="OverPolicy")
    policy = room.policy(limits={"pullSize": {"deny": "300k"}}, mode="Audit")
    slim = room.deploy(room.shelf.noise(TINY), name="slim")
    fat = room.deploy(room.shelf.noise(FAT, tag="fat"), name="fat")
    room.await_verdict(fat, "deny")
    eventually(lambda: _copies(room) == 1, "its ReplicaSet carries a copy")
    _await_counts(controller, policy, allow=1, deny=1)
    untouched = _writers(room, slim)

    room.edit(policy, limits={"pullSize": {"deny": "10M"}})
    room.await_verdict(fat, None)
    _await_counts(controller, policy, allow=2, deny=0)
    eventually(lambda: _copies(room) == 0, "its ReplicaSet carries none")

    assert "slimgate" not in untouched
    assert _writers(room, slim) == untouched
    assert [event["reason"] for event in room.events(slim)] == []
    assert {event["reason"] for event in room.events(fat)} == {
        "SlimPolicyViolation",
        "WithinPolicy",
    }


def test_all_then_over_policy(room: Room, site: Site) -> None:
    """Annotations of an earlier setting go at the next start, from those within policy alone."""
    site.roles.start("controller")
    room.policy(limits={"pullSize": {"deny": "300k"}}, mode="Audit")
    slim = room.deploy(room.shelf.noise(TINY), name="slim")
    fat = room.deploy(room.shelf.noise(FAT, tag="fat"), name="fat")
    room.await_verdict(slim, "allow")
    room.await_verdict(fat, "deny")

    site.roles.start("controller", annotations="OverPolicy")
    room.await_verdict(slim, None)

    assert room.annotations(fat)[VERDICT] == "deny"


def test_none(room: Room, site: Site) -> None:
    """Workloads are judged and counted, have their Events, and keep what they carry."""
    site.roles.start("controller")
    policy = room.policy(limits={"pullSize": {"deny": "300k"}}, mode="Audit")
    fat = room.shelf.noise(FAT)
    before = room.deploy(fat, name="before")
    room.await_verdict(before, "deny")

    controller = site.roles.start("controller", annotations="None")
    after = room.deploy(fat, name="after")
    _await_counts(controller, policy, deny=2)
    eventually(lambda: room.events(after), "its Event is written")
    room.edit(policy, limits={"pullSize": {"deny": "10M"}})
    _await_counts(controller, policy, allow=2)
    eventually(lambda: len(room.events(before)) == 2, "its second Event is written")

    assert room.annotations(after) == {}
    assert room.annotations(before)[VERDICT] == "deny"
    assert "SlimPolicyViolation" in {event["reason"] for event in room.events(after)}


def _copies(room: Room) -> int:
    """Count the ReplicaSets with annotations that they have from their Deployment."""
    found = room.api.list("ReplicaSet", room.namespace)
    return sum(VERDICT in one["metadata"].get("annotations", {}) for one in found)


def _writers(room: Room, obj: dict[str, object]) -> set[str]:
    """Return who has written to an object, its status aside."""
    managed = room.api.get(obj)["metadata"]["managedFields"]
    return {one["manager"] for one in managed if one.get("subresource") != "status"}
