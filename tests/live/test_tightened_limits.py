"""A limit that is tightened never breaks what runs, and stops what is new."""

import time
from collections.abc import Callable

import pytest

from tests.live import make
from tests.live.api import Answer, Api, Json, eventually
from tests.live.room import Room
from tests.live.shelf import FAT, SMALL, TINY
from tests.live.site import Site

pytestmark = pytest.mark.lab

RESTARTED = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}
QUICK_SECONDS = 4.0
"""Less than one look-up at a registry that hangs would take."""


def _template(api: Api, obj: Json, change: Json) -> Answer:
    return api.try_patch(obj, make.with_template(obj, change))


def _fewer(api: Api, obj: Json) -> Answer:
    """Take the second container out."""
    return _template(
        api, obj, {"spec": {"containers": make.template_of(obj)["spec"]["containers"][:1]}}
    )


def _reordered(api: Api, obj: Json) -> Answer:
    """Put the second container first."""
    containers = make.template_of(obj)["spec"]["containers"][::-1]
    return _template(api, obj, {"spec": {"containers": containers}})


def _resources(api: Api, obj: Json) -> Answer:
    containers = [
        {**one, "resources": {"requests": {"cpu": "1m"}}}
        for one in make.template_of(obj)["spec"]["containers"]
    ]
    return _template(api, obj, {"spec": {"containers": containers}})


OUTSIDE = {"CronJob": {"suspend": False}, "DaemonSet": {"minReadySeconds": 1}}
CHANGES: dict[str, Callable[[Api, Json], Answer]] = {
    "labels": lambda api, obj: api.try_patch(obj, {"metadata": {"labels": {"team": "red"}}}),
    "rollout restart": lambda api, obj: _template(api, obj, RESTARTED),
    "resources": _resources,
    "order of containers": _reordered,
    "a container less": _fewer,
    "status": lambda api, obj: api.try_patch(obj, {"status": {}}, subresource="status"),
    "what is no template": lambda api, obj: api.try_patch(
        obj, {"spec": OUTSIDE.get(obj["kind"], {"replicas": 2})}
    ),
}
SCALED = ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController")


@pytest.mark.parametrize("kind", [*SCALED, "DaemonSet", "CronJob"])
def test_what_runs_goes_on(room: Room, site: Site, kind: str) -> None:
    """With limits tightened, onUnknown Deny and a dead registry, all but new images passes."""
    running, old = _tightened(room, site, kind)
    assert room.ask(*old, kind=kind, name="new").status == 403

    try:
        site.cable.hang()
        started = time.monotonic()
        answers = {name: change(room.api, running) for name, change in CHANGES.items()}
        if kind in SCALED:
            scale: Json = {"spec": {"replicas": 0}}
            answers["scale"] = room.api.try_patch(running, scale, subresource="scale")
        took = time.monotonic() - started
        site.cable.cut()
        unseen = room.shelf.seen_through(site.cable.registry).reference("v2")
        fresh = room.ask(unseen, kind=kind, name="new")
    finally:
        site.cable.mend()

    said = {name: (a.status, a.message, a.warnings) for name, a in answers.items()}
    assert said == dict.fromkeys(answers, (200, "", ()))
    assert took < QUICK_SECONDS
    assert fresh.status == 403
    assert f"{site.cable.registry} can't be reached" in fresh.message


def test_a_new_webhook_need_not_know_the_images(room: Room, site: Site) -> None:
    """A webhook that has just started, and can ask no registry, lets what runs go on as well."""
    running, _ = _tightened(room, site, "Deployment")

    try:
        site.cable.hang()
        site.roles.stop("webhook")
        site.roles.start("webhook")
        answers = {name: change(room.api, running) for name, change in CHANGES.items()}
    finally:
        site.cable.mend()

    said = {name: (a.status, a.message, a.warnings) for name, a in answers.items()}
    assert said == dict.fromkeys(answers, (200, "", ()))


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "ReplicaSet"])
def test_pods_are_rescheduled(room: Room, kind: str) -> None:
    """Under a tightened limit, a controller still makes pods, and makes lost ones again."""
    image = room.shelf.noise(SMALL)
    policy = room.policy(limits={"pullSize": {"deny": "300k"}})
    running = room.deploy(image, kind=kind)
    room.edit(policy, limits={"pullSize": {"deny": "10k"}})

    assert room.api.try_patch(running, {"spec": {"replicas": 1}}).accepted
    first = eventually(lambda: room.api.list("Pod", room.namespace), "a pod is made")[0]
    room.api.delete({**first, "kind": "Pod"})

    eventually(
        lambda: [p for p in room.api.list("Pod", room.namespace) if _uid(p) != _uid(first)],
        "the pod is made again",
    )


def test_a_new_image_is_stopped(room: Room) -> None:
    """An UPDATE that brings an image over the line is denied, and what runs stays as it is."""
    old, fat = room.shelf.noise(TINY), room.shelf.noise(FAT, repository="fat")
    room.policy(limits={"pullSize": {"deny": "300k"}})
    running = room.deploy(old)

    refused = room.api.try_patch(running, make.with_image(running, fat))
    added = room.api.try_patch(
        running,
        make.with_template(
            running, {"spec": {"containers": make.pod_spec(old, fat)["containers"]}}
        ),
    )

    assert (refused.status, added.status) == (403, 403)
    assert f'container "main": {fat} pulls 391 KiB' in refused.message
    assert f'container "main-1": {fat} pulls 391 KiB' in added.message
    now = make.template_of(room.api.get(running))["spec"]["containers"]
    assert [container["image"] for container in now] == [old]


def test_an_image_beside_what_runs(room: Room) -> None:
    """What runs already is only warned of while another image comes; the new one is judged."""
    old, slim = room.shelf.noise(SMALL), room.shelf.noise(TINY, repository="slim")
    fat = room.shelf.noise(FAT, repository="fat")
    policy = room.policy(limits={"pullSize": {"deny": "300k"}})
    running, pod = room.deploy(old), room.deploy(old, kind="Pod")
    room.edit(policy, limits={"pullSize": {"deny": "10k"}})

    def beside(image: str) -> Answer:
        containers = make.pod_spec(old, image)["containers"]
        return _template(room.api, running, {"spec": {"containers": containers}})

    debug = {"spec": {"ephemeralContainers": [make.container(slim, "debug")]}}
    refused = beside(fat)
    added = beside(slim)
    debugged = room.api.try_patch(pod, debug, subresource="ephemeralcontainers")

    assert refused.status == 403
    assert f'container "main-1": {fat} pulls ' in refused.message
    assert 'container "main":' not in refused.message
    assert (added.status, debugged.status) == (200, 200)
    for answer in (refused, added, debugged):
        (warning,) = answer.warnings
        assert warning.startswith(f'slimgate: container "main": {old} pulls 49.1 KiB')


def test_an_image_in_another_role_is_new(room: Room) -> None:
    """What was only mounted, or only prepared, is judged when it is to run."""
    slim, fat = room.shelf.noise(TINY), room.shelf.noise(FAT, repository="fat")
    policy = room.policy(limits={"pullSize": {"deny": "10M"}})
    running = room.deploy(slim, initContainers=[make.container(fat, "prepare")])
    room.edit(policy, limits={"pullSize": {"deny": "300k"}})

    refused = room.api.try_patch(running, make.with_image(running, fat))

    assert refused.status == 403


def _tightened(room: Room, site: Site, kind: str) -> tuple[Json, tuple[str, str]]:
    """Make a workload of two images behind the cable, and then a limit that both are above."""
    far = room.shelf.seen_through(site.cable.registry)
    for repository in ("app", "other"):
        room.shelf.noise(SMALL, repository=repository)
    images = far.reference(repository="app"), far.reference(repository="other")
    policy = room.policy(limits={"pullSize": {"deny": "300k"}}, onUnknown="Deny")
    running = room.deploy(*images, kind=kind)
    room.edit(policy, limits={"pullSize": {"deny": "10k"}})
    return running, images


def _uid(obj: Json) -> str:
    return str(obj["metadata"]["uid"])
