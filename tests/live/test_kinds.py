"""Every kind of workload, and every place in a pod that names an image, on a real API server."""

from collections.abc import Iterator

import pytest

from tests.live import make
from tests.live.api import Api, Json, eventually
from tests.live.conftest import Site
from tests.live.programs import Program
from tests.live.room import Room
from tests.live.shelf import FAT, SMALL, TINY

pytestmark = pytest.mark.lab

PLACES = ("init container", "sidecar", "container", "image volume")


@pytest.mark.parametrize("kind", make.KINDS)
def test_each_kind_is_judged(room: Room, controller: Program, kind: str) -> None:
    """A fat image is refused in a CREATE and in an UPDATE; a slim one is made and annotated."""
    fat, slim = room.shelf.noise(FAT, repository="fat"), room.shelf.noise(TINY)
    room.policy(limits={"pullSize": "300k"})

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
    room.policy(limits={"pullSize": "300k"})

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
def roller(api: Api) -> Iterator[None]:
    """Install a kind that settings name, and of which Kubernetes knows nothing."""
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
    api.create(crd)
    try:
        where = "/apis/live.slimgate.dev/v1/rollers"
        eventually(lambda: api.call("GET", where).accepted, "the kind is served")
        yield
    finally:
        api.delete(crd)


@pytest.mark.usefixtures("roller")
def test_a_kind_of_others_is_judged(room: Room, site: Site, controller: Program) -> None:
    """A kind that SLIMGATE_EXTRA_KINDS names is refused, annotated, counted, matched by its name.

    The shipped configuration sends no such kind, so the webhook is asked directly.
    """
    fat = room.shelf.noise(FAT)
    policy = room.policy(limits={"pullSize": "300k"}, match={"kinds": ["Roller"]})
    roller: Json = {
        "apiVersion": "live.slimgate.dev/v1",
        "kind": "Roller",
        "metadata": {"name": "web", "namespace": room.namespace},
        "spec": {"workload": {"template": {"spec": make.pod_spec(fat)}}},
    }

    eventually(lambda: room.api.try_create(roller).accepted, "the kind is served")
    made = room.api.get(roller)
    other = room.deploy(fat)

    assert f"[policy {policy}, pullSize]" in site.hook.ask(roller)["status"]["message"]
    assert room.await_verdict(made, "deny") == "main: pulls 391 KiB (linux/amd64), limit 293 KiB"
    assert [event["reason"] for event in room.events(made)] == ["SlimPolicyViolation"]
    eventually(
        lambda: (
            {k: room.status(policy).get(k) for k in ("workloads", "violating", "denied")}
            == {"workloads": 1, "violating": 1, "denied": 1}
        ),
        "the policy counts the Roller alone",
    )
    assert room.annotations(other) == {}
    assert controller.runs()


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
