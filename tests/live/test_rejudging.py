"""What changes though nobody deployed anything: tags that move, policies that are edited or go."""

import pytest

from tests.live import make
from tests.live.api import Json, eventually
from tests.live.programs import Program
from tests.live.room import Room
from tests.live.shelf import FAT, SMALL, TINY
from tests.live.site import Site

pytestmark = pytest.mark.lab

FAT_SUMMARY = "main: pulls 391 KiB (linux/amd64), limit 293 KiB"


@pytest.mark.usefixtures("alone")
def test_a_tag_that_moves_is_reported(room: Room, site: Site) -> None:
    """A tag pushed again is judged anew, both ways, with one Event each; the spec stays."""
    controller = site.roles.start("controller", tag_refresh_interval="1s")
    policy = room.policy(limits={"pullSize": {"deny": "300k"}})
    deployment = room.deploy(room.shelf.noise(TINY))
    room.await_verdict(deployment, "allow")

    room.shelf.noise(FAT)
    fat = room.await_verdict(deployment, "deny", seconds=15)
    counted = eventually(lambda: room.status(policy).get("denied"), "the policy counts it")
    room.shelf.noise(TINY)
    slim = room.await_verdict(deployment, "allow", seconds=15)

    events = sorted(room.events(deployment), key=lambda event: str(event["eventTime"]))
    assert (fat, counted, slim) == (FAT_SUMMARY, 1, "1 image within policy")
    assert [(e["type"], e["reason"]) for e in events] == [
        ("Warning", "SlimPolicyViolation"),
        ("Normal", "WithinPolicy"),
    ]
    assert room.api.get(deployment)["spec"] == deployment["spec"]
    assert controller.runs()


def test_a_policy_that_is_edited(room: Room, controller: Program) -> None:
    """Every edit is followed by annotations, Events, counts and the generation that they are of."""
    policy = room.policy(limits={"pullSize": {"deny": "10M"}})
    deployment = room.deploy(room.shelf.noise(SMALL))
    room.await_verdict(deployment, "allow")

    room.edit(policy, limits={"pullSize": {"warn": "10k"}})
    room.await_verdict(deployment, "warn")
    warned = _settled(room, policy, {"warned": 1, "denied": 0, "observedGeneration": 2})
    room.edit(policy, limits={"pullSize": {"warn": "10k", "deny": "20k"}})
    room.await_verdict(deployment, "deny")
    denied = _settled(room, policy, {"warned": 0, "denied": 1, "observedGeneration": 3})
    room.edit(policy, match={"resources": [{"apiGroup": "", "kind": "Pod"}]})
    room.await_verdict(deployment, None)
    nothing = _settled(room, policy, {"workloads": 0, "denied": 0, "observedGeneration": 4})

    assert (warned["workloads"], denied["workloads"], nothing["denied"]) == (1, 1, 0)
    assert room.annotations(deployment) == {}
    assert [e["reason"] for e in sorted(room.events(deployment), key=_time)] == [
        "SlimPolicyWarning", "SlimPolicyViolation", "NoPolicy",
    ]  # fmt: skip
    assert controller.runs()


def test_what_comes_back_is_counted(room: Room, controller: Program) -> None:
    """A verdict that was there before is the same Event again, said once more."""
    policy = room.policy(limits={"pullSize": {"deny": "10k"}}, mode="Audit")
    deployment = room.deploy(room.shelf.noise(SMALL))

    for limit, verdict in (("10k", "deny"), ("10M", "allow"), ("10k", "deny"), ("10M", "allow")):
        room.edit(policy, limits={"pullSize": {"deny": limit}})
        room.await_verdict(deployment, verdict)

    said = {e["reason"]: e.get("series", {}).get("count", 1) for e in room.events(deployment)}
    assert said == {"SlimPolicyViolation": 2, "WithinPolicy": 2}
    assert controller.runs()


def test_a_policy_that_goes(room: Room, controller: Program) -> None:
    """With the last policy go the annotations; with one of two, what it alone had to say."""
    first = room.policy(limits={"pullSize": {"deny": "10k"}}, mode="Audit")
    second = room.policy(limits={"layers": {"deny": 1}}, mode="Audit")
    deployment = room.deploy(room.shelf.noise(SMALL, TINY))
    both = room.await_verdict(deployment, "deny")

    room.api.delete(make.policy(first, {}))
    one = eventually(
        lambda: s if "pulls" not in (s := room.await_verdict(deployment, "deny")) else None,
        "one policy is left",
    )
    room.api.delete(make.policy(second, {}))
    room.await_verdict(deployment, None)

    assert (
        both
        == "main: pulls 51.2 KiB (linux/amd64), limit 9.8 KiB, has 2 layers (linux/amd64), limit 1"
    )
    assert one == "main: has 2 layers (linux/amd64), limit 1"
    assert room.annotations(deployment) == {}
    assert controller.runs()


def test_a_workload_that_goes(room: Room, controller: Program) -> None:
    """It is counted no more."""
    policy = room.policy(limits={"pullSize": {"deny": "10k"}}, mode="Audit")
    deployment = room.deploy(room.shelf.noise(SMALL))
    _settled(room, policy, {"workloads": 1, "denied": 1})

    room.api.delete(deployment)

    _settled(room, policy, {"workloads": 0, "denied": 0})
    assert controller.runs()


def test_annotations_are_slimgates_own(room: Room, controller: Program) -> None:
    """Who edits or removes them gets them back, without another Event."""
    room.policy(limits={"pullSize": {"deny": "10k"}}, mode="Audit")
    deployment = room.deploy(room.shelf.noise(SMALL))
    summary = room.await_verdict(deployment, "deny")

    for wrong in ("allow", None):
        edited = {"slimgate.dev/verdict": wrong, "slimgate.dev/summary": None}
        room.api.patch(deployment, {"metadata": {"annotations": edited}})
        assert room.await_verdict(deployment, "deny") == summary

    assert [(e["reason"], "series" in e) for e in room.events(deployment)] == [
        ("SlimPolicyViolation", False)
    ]
    assert controller.runs()


def _settled(room: Room, policy: str, wanted: Json) -> Json:
    """Wait until a policy's status holds what is wanted."""
    return eventually(
        lambda: s if wanted.items() <= (s := room.status(policy)).items() else None,
        f"the status of {policy} has {wanted}",
    )


def _time(event: Json) -> str:
    return str(event["eventTime"])
