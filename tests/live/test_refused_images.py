"""What the API server refuses by itself while no slimgate answers it, and what it admits."""

from collections.abc import Iterator

import pytest
import yaml

from tests.chart.helm import Helm, Object
from tests.lab.kubectl import Kubectl
from tests.live import make
from tests.live.api import eventually
from tests.live.conftest import MakeRoom
from tests.live.room import Room
from tests.live.shelf import FAT, SMALL, noisy
from tests.live.site import Site

pytestmark = pytest.mark.lab

_KINDS = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")


@pytest.fixture
def shipped(site: Site, helm4: Helm, kubectl: Kubectl) -> Iterator[None]:
    """Install what the chart has the API server refuse by."""
    values = {"config": {"refusedImages": True}, "fullnameOverride": site.run}
    objects = helm4.objects("--namespace", f"{site.run}-system", values=values)
    found = _written([one for kind in _KINDS for one in objects.kind(kind)])
    kubectl("apply", "-f", "-", stdin=found)
    try:
        yield
    finally:
        kubectl("delete", "--ignore-not-found", "-f", "-", stdin=found)
        kubectl("delete", "refusedimagesets.slimgate.dev", "--all")


def _written(objects: list[Object]) -> str:
    return yaml.safe_dump_all(objects)


def test_refused_without_slimgate(
    site: Site, alone: None, make_room: MakeRoom, shipped: None
) -> None:
    """What is known to be over an enforced limit stays out of every namespace of the policy.

    Nobody has these namespaces reviewed, and in the end no controller runs: slimgate is away.
    """
    del alone, shipped
    room, excused, other = (make_room(reviewed=False) for _ in range(3))
    content = noisy(FAT)
    fat, slim = room.shelf.push(content, repository="fat"), room.shelf.noise(SMALL)
    both = {"namespaces": {"include": [room.namespace, excused.namespace]}}
    policy = room.policy(match=both, mode="Audit", limits={"pullSize": {"deny": "100k"}})
    site.api.create(make.exception(excused.namespace, policy, images=["**/fat:*"]))
    controller = site.roles.start("controller", refused_images="true", tag_refresh_interval="30s")
    before = room.deploy(fat, name="before")
    room.await_verdict(before, "deny")
    assert room.ask(fat).accepted, "an Audit policy refuses nothing"

    room.edit(policy, mode="Enforce")

    eventually(lambda: not room.ask(fat).accepted, "the API server refuses it", 30.0)
    said = site.hook.ask(room.workload(fat))["status"]["message"]
    assert room.ask(fat).message.partition("denied request: ")[2] == said
    room.api.patch(before, {"spec": {"template": {"metadata": {"labels": {"more": "x"}}}}})
    site.api.delete(before)
    controller.kill()
    for kind in make.KINDS:
        refused = room.ask(fat, kind=kind)
        assert "pulls" in refused.message, f"{kind}: {refused}"
        assert room.ask(slim, kind=kind).accepted, kind
    for image in (f"{fat}@{content.digest}", f"elsewhere.example.com/x@{content.digest}"):
        assert not room.ask(image).accepted, image
    for pod in (
        {"initContainers": [make.container(fat, "first")]},
        {"volumes": [{"name": "model", "image": {"reference": fat}}]},
    ):
        assert f"{fat} pulls" in room.ask(slim, **pod).message
    assert excused.ask(fat).accepted, "an exception holds"
    assert other.ask(fat).accepted, "the policy is of other namespaces"
    _updates(room, fat, slim)


def _updates(room: Room, fat: str, slim: str) -> None:
    """Try updates: a new image is refused, unless it may be a former revision's."""
    made = room.deploy(slim, name="first")
    assert not room.api.try_patch(made, make.with_image(made, fat)).accepted
    room.api.patch(made, make.with_image(made, room.shelf.noise(SMALL, repository="second")))
    eventually(
        lambda: room.api.try_patch(made, make.with_image(made, fat)).accepted,
        "what may be a rollback is admitted",
    )
