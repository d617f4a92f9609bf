"""A controller that is killed in the middle of its work, and one that is merely started anew."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from slimgate.core.images.facts import Digest
from tests.live import make
from tests.live.api import Json, eventually
from tests.live.conftest import MakeRoom
from tests.live.room import VERDICT, Room
from tests.live.shelf import SMALL, TINY, noisy
from tests.live.site import Site

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.usefixtures("alone")]

WORKLOADS = 100
IMAGES = 10


def test_killed_and_started_anew(make_room: MakeRoom, site: Site) -> None:
    """Every workload is annotated, each with one Event; the next start writes and asks nothing."""
    # Nobody but the controller asks the registry for these images.
    room, later = make_room(reviewed=False), make_room(reviewed=False)
    site.roles.stop("controller")
    policy = room.policy(limits={"pullSize": {"deny": "10k"}}, mode="Audit")
    images = [noisy(SMALL) for _ in range(IMAGES)]
    references = [room.shelf.push(one, repository=f"app-{n}") for n, one in enumerate(images)]
    for number in range(WORKLOADS):
        room.deploy(references[number % IMAGES], name=f"web-{number}")

    # A container that ends is started anew in its pod.
    first = site.roles.begin("controller", pod_name="controller-0")
    eventually(lambda: _annotated(room) > 0, "some are judged")
    first.kill()
    in_the_middle = _annotated(room)
    site.roles.start("controller", pod_name="controller-0")
    eventually(lambda: _annotated(room) == WORKLOADS, "all are judged")
    events = _events(room)
    _await_status(room, policy, WORKLOADS)

    site.roles.stop("controller")
    before = _versions(room, policy, [image.digest for image in images])
    asked = _asked(site, room)
    third = site.roles.start("controller")
    eventually(
        lambda: third.metric("slimgate_workloads", policy=policy, verdict="deny") == WORKLOADS,
        "all are judged again",
    )
    # Statuses are written in turn: whatever there was to write has been once this one is.
    last = later.policy(limits={"pullSize": {"deny": "10M"}}, mode="Audit")
    later.await_verdict(later.deploy(later.shelf.noise(TINY)), "allow")
    _await_status(later, last, 1)

    assert 0 < in_the_middle < WORKLOADS
    assert all(before.values())
    assert events == {f"web-{number}": (1, "SlimPolicyViolation") for number in range(WORKLOADS)}
    assert _events(room) == events
    assert _versions(room, policy, [image.digest for image in images]) == before
    assert _asked(site, room) - asked == Counter()


def test_what_happened_while_it_was_away(room: Room, site: Site) -> None:
    """Policies that went or were tightened, and workloads that came, are caught up with."""
    image = room.shelf.noise(SMALL)
    gone = room.policy(
        limits={"pullSize": {"deny": "10k"}},
        match={"resources": [{"apiGroup": "apps", "kind": "StatefulSet"}]},
        mode="Audit",
    )
    kept = room.policy(
        limits={"pullSize": {"deny": "10M"}},
        match={"resources": [{"apiGroup": "apps", "kind": "Deployment"}]},
        mode="Audit",
    )
    site.roles.start("controller")
    one = room.deploy(image, kind="StatefulSet", name="free")
    other = room.deploy(image)
    room.await_verdict(one, "deny")
    room.await_verdict(other, "allow")

    site.roles.stop("controller")
    room.api.delete(make.policy(gone, {}))
    room.edit(kept, limits={"pullSize": {"deny": "10k"}})
    new = room.deploy(image, name="new")
    site.roles.start("controller")
    room.await_verdict(one, None)
    room.await_verdict(other, "deny")
    room.await_verdict(new, "deny")
    _await_status(room, kept, 2)

    assert room.annotations(one) == {}
    events = room.events(one), room.events(other), room.events(new)
    assert [sorted(str(e["reason"]) for e in said) for said in events] == [
        ["NoPolicy", "SlimPolicyViolation"], ["SlimPolicyViolation"], ["SlimPolicyViolation"],
    ]  # fmt: skip


def _annotated(room: Room) -> int:
    """Count the Deployments that are annotated."""
    found = (obj["metadata"].get("annotations", {}) for obj in room.api.list(*_deployments(room)))
    return sum(VERDICT in annotations for annotations in found)


def _deployments(room: Room) -> tuple[str, str]:
    return "Deployment", room.namespace


def _events(room: Room) -> Mapping[str, tuple[int, str]]:
    """Return by Deployment how often slimgate has said something of it, and what."""
    found: dict[str, tuple[int, str]] = {}
    own = {"fieldSelector": "reportingController=slimgate"}
    for event in room.api.list("Event", room.namespace, own):
        name = event["regarding"]["name"]
        times = event.get("series", {}).get("count", 1)
        found[name] = found.get(name, (0, ""))[0] + times, event["reason"]
    return found


def _await_status(room: Room, policy: str, workloads: int) -> None:
    eventually(
        lambda: room.status(policy).get("workloads") == workloads, f"{policy} counts {workloads}"
    )


def _versions(room: Room, policy: str, digests: list[Digest]) -> Mapping[str, object]:
    """Return the versions of all that the controller alone writes, and its part of the rest."""
    names = {digest.replace(":", "-") for digest in digests}
    objects: list[Json] = [
        room.api.get(make.policy(policy, {})),
        *room.api.list("Event", room.namespace),
        *(p for p in room.api.list("ImageProfile") if p["metadata"]["name"] in names),
    ]
    # Kubernetes writes the status of a hundred Deployments for half a minute.
    parts = {_uid(obj): _managed(obj) for obj in room.api.list(*_deployments(room))}
    return {_uid(obj): obj["metadata"]["resourceVersion"] for obj in objects} | parts


def _uid(obj: Json) -> str:
    return str(obj["metadata"]["uid"])


def _managed(obj: Json) -> list[Json]:
    """Return what slimgate has written of an object, and when."""
    return [e for e in obj["metadata"]["managedFields"] if e["manager"] == "slimgate"]


def _asked(site: Site, room: Room) -> Counter[str]:
    """Count the requests for this place's images that the registry has logged."""
    lines = Path(site.lab.registry_log).read_text(encoding="utf-8").splitlines()
    return Counter(line.split('"')[1] for line in lines if f"/v2/{room.shelf.path}/" in line)
