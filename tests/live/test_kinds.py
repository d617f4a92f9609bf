"""Every kind of workload, and every place in a pod that names an image, on a real API server."""

from collections.abc import Iterator

import pytest

from tests.live import make
from tests.live.api import Api, Json, eventually
from tests.live.conftest import MakeRoom
from tests.live.programs import Program
from tests.live.room import Room
from tests.live.shelf import FAT, SMALL, TINY
from tests.live.site import Site

pytestmark = pytest.mark.lab

PLACES = ("init container", "sidecar", "container", "image volume")


@pytest.mark.parametrize("kind", make.KINDS)
def test_each_kind_is_judged(room: Room, controller: Program, kind: str) -> None:
    """A fat image is refused in a CREATE and in an UPDATE; a slim one is made and annotated."""
    fat, slim = room.shelf.noise(FAT, repository="fat"), room.shelf.noise(TINY)
    room.policy(limits={"pullSize": {"deny": "300k"}})

    refused = room.ask(fat, kind=kind)
    made = room.deploy(slim, kind=kind)

    assert refused.status == 403
    assert f'container "main": {fat} pulls 391 KiB' in refused.message
    room.await_verdict(made, "allow")
    # A Job's template never changes; a Pod's image does.
    if kind != "Job":
        update = room.api.try_patch(made, make.with_image(made, fat))
        assert update.status == 403
        assert f'container "main": {fat} pulls 391 KiB' in update.message
    assert controller.runs()


@pytest.mark.parametrize("kind", ["Deployment", "CronJob", "Pod"])
@pytest.mark.parametrize("place", PLACES)
def test_each_place_is_judged(room: Room, place: str, kind: str) -> None:
    """Init containers, sidecars, containers and image volumes count, and a denial names them."""
    fat, slim = room.shelf.noise(FAT, repository="fat"), room.shelf.noise(TINY)
    room.policy(limits={"pullSize": {"deny": "300k"}})

    refused = room.ask(slim, kind=kind, **_placed(place, fat, slim))
    admitted = room.ask(slim, kind=kind, **_placed(place, slim, slim))

    role = "init container" if place == "sidecar" else place
    assert refused.status == 403
    assert f'slimgate: {role} "extra": {fat} pulls 391 KiB' in refused.message
    assert (admitted.status, admitted.warnings) == (201, ())


def test_an_ephemeral_container_is_judged(room: Room) -> None:
    """A debug container comes by a subresource, and is refused or admitted there."""
    fat, slim = room.shelf.noise(FAT, repository="fat"), room.shelf.noise(TINY)
    room.policy(limits={"pullSize": {"warn": "40k", "deny": "300k"}})
    pod = room.deploy(slim, kind="Pod")

    def debug(image: str) -> Json:
        return {"spec": {"ephemeralContainers": [make.container(image, "debug")]}}

    refused = room.api.try_patch(pod, debug(fat), subresource="ephemeralcontainers")
    warned = room.api.try_patch(
        pod, debug(room.shelf.noise(SMALL, tag="v2")), subresource="ephemeralcontainers"
    )

    assert refused.status == 403
    assert f'slimgate: ephemeral container "debug": {fat} pulls 391 KiB' in refused.message
    assert warned.accepted
    assert [w.partition(": ")[2].partition('"')[0] for w in warned.warnings] == [
        "ephemeral container "
    ]


@pytest.fixture
def definition(api: Api, controller: Program) -> Iterator[Json]:
    """Define a kind that settings name, and of which Kubernetes knows nothing.

    The controller runs already: it looks for the kind in vain before.
    """
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    crd: Json = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "rollers.live.slimgate.dev"},
        "spec": {
            "group": "live.slimgate.dev",
            "scope": "Namespaced",
            "names": {"kind": "Roller", "plural": "rollers", "singular": "roller"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }
    assert controller.runs()
    # One of the last test may be on its way out still.
    eventually(lambda: api.try_create(crd).accepted, "the kind is defined")
    try:
        yield crd
    finally:
        api.delete(crd)


def _roll(room: Room, image: str, field: str = "workload") -> Json:
    """Make a Roller as soon as its kind is served."""
    roller: Json = {
        "apiVersion": "live.slimgate.dev/v1",
        "kind": "Roller",
        "metadata": {"name": "web", "namespace": room.namespace},
        "spec": {field: {"template": {"spec": make.pod_spec(image)}}},
    }
    eventually(lambda: room.api.try_create(roller).accepted, "the kind is served")
    return room.api.get(roller)


def _await_counts(room: Room, policy: str, *, workloads: int, denied: int) -> None:
    """Wait until a policy's status counts so many."""
    counts = {"workloads": workloads, "warned": 0, "denied": denied}
    eventually(
        lambda: {name: room.status(policy).get(name) for name in counts} == counts,
        f"the policy counts {counts}",
    )


@pytest.mark.usefixtures("definition")
def test_a_kind_of_others_is_judged(room: Room, site: Site, controller: Program) -> None:
    """A kind that settings name is refused, annotated, counted, matched by its name.

    The shipped configuration sends no such kind, so the webhook is asked directly.
    """
    fat = room.shelf.noise(FAT)
    policy = room.policy(
        limits={"pullSize": {"deny": "300k"}},
        match={"resources": [{"apiGroup": "live.slimgate.dev", "kind": "Roller"}]},
    )

    made = _roll(room, fat)
    other = room.deploy(fat)

    assert f"[policy {policy}, pullSize]" in site.hook.ask(made)["status"]["message"]
    assert room.await_verdict(made, "deny") == "main: pulls 391 KiB (linux/amd64), limit 293 KiB"
    assert [event["reason"] for event in room.events(made)] == ["SlimPolicyViolation"]
    _await_counts(room, policy, workloads=1, denied=1)
    assert room.annotations(other) == {}
    assert controller.runs()


def test_a_kind_of_others_goes_and_comes_again(
    room: Room, controller: Program, definition: Json
) -> None:
    """With its definition go its workloads, and nothing else; a new one is followed as the first.

    The controller says once each that it does not follow the kind any more, and that it does.
    """
    policy = room.policy(limits={"pullSize": {"deny": "40k"}}, mode="Audit")
    image = room.shelf.noise(SMALL)
    stays = room.deploy(image)
    room.await_verdict(stays, "deny")
    room.await_verdict(_roll(room, image), "deny")
    _await_counts(room, policy, workloads=2, denied=2)

    before = len(_said(controller))
    room.api.delete(definition)
    _await_counts(room, policy, workloads=1, denied=1)
    eventually(lambda: _said(controller)[before:], "the controller misses the kind")
    eventually(lambda: room.api.try_create(definition).accepted, "the kind is defined anew")
    again = _roll(room, image)
    room.await_verdict(again, "deny")
    _await_counts(room, policy, workloads=2, denied=2)

    assert [event["reason"] for event in room.events(again)] == ["SlimPolicyViolation"]
    assert len(room.events(stays)) == 1
    lost, found = _said(controller)[before:]
    assert "WARNING" in lost
    assert "is the CustomResourceDefinition installed?" in lost
    assert "following /apis/live.slimgate.dev/v1/rollers again" in found
    assert controller.runs()


@pytest.mark.usefixtures("definition")
def test_what_has_no_template_answers_for_nothing(room: Room, controller: Program) -> None:
    """What it owns is judged itself, until it names what it runs."""
    policy = room.policy(limits={"pullSize": {"deny": "300k"}}, mode="Audit")
    fat = room.shelf.noise(FAT)
    roller = _roll(room, fat, field="elsewhere")
    pod = room.workload(fat, kind="Pod", name="web-1")
    owner = {key: roller["metadata"][key] for key in ("name", "uid")}
    owner |= {"apiVersion": roller["apiVersion"], "kind": roller["kind"], "controller": True}
    pod["metadata"]["ownerReferences"] = [owner]
    made = room.api.create(pod)
    room.await_verdict(made, "deny")
    _await_counts(room, policy, workloads=1, denied=1)
    without_template = room.annotations(roller)

    room.api.patch(roller, {"spec": {"workload": roller["spec"]["elsewhere"]}})
    room.await_verdict(roller, "deny")
    room.await_verdict(made, None)
    _await_counts(room, policy, workloads=1, denied=1)

    assert without_template == {}
    assert room.annotations(made) == {}
    assert controller.runs()


@pytest.mark.usefixtures("definition")
@pytest.mark.parametrize("listed", [False, True], ids=["watched", "listed"])
def test_deep_objects_hide_nothing(make_room: MakeRoom, site: Site, *, listed: bool) -> None:
    """The API server takes what is nested beyond what Python can parse, from anybody."""
    # The webhook would refuse it.
    room = make_room(reviewed=False)
    controller = site.roles.start("controller")
    policy = room.policy(limits={"pullSize": {"deny": "300k"}}, mode="Audit")
    fat = room.shelf.noise(FAT)
    if listed:
        site.roles.stop("controller")
    roller = _roll(room, fat)
    deployment = room.workload(fat, name="deep")
    for obj in (roller, deployment):
        obj["metadata"] = {"name": "deep", "namespace": room.namespace}
    roller["spec"]["nested"] = "NESTED"
    deployment["metadata"]["managedFields"] = [
        {
            "manager": "anybody",
            "operation": "Update",
            "apiVersion": "apps/v1",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": "NESTED"},
        }
    ]
    for obj in (roller, deployment):
        assert room.api.create_deep(obj, "NESTED", levels=3000).accepted
    room.deploy(fat, name="last")
    if listed:
        controller = site.roles.start("controller")

    # With the one that tells when the kind is served.
    _await_counts(room, policy, workloads=4, denied=4)
    assert controller.runs()


def _said(controller: Program) -> list[str]:
    """Return the lines of the log that are about the kind itself."""
    lines = controller.log.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if "/rollers" in line]


def _placed(place: str, image: str, main: str) -> Json:
    """Return fields of a pod spec that have the image in a place beside the main container."""
    extra = make.container(image, "extra")
    fields: Json = {
        "init container": {"initContainers": [extra]},
        "sidecar": {"initContainers": [{**extra, "restartPolicy": "Always"}]},
        "container": {"containers": [make.container(main), extra]},
        "image volume": {"volumes": [{"name": "extra", "image": {"reference": image}}]},
    }
    found: Json = fields[place]
    return found
