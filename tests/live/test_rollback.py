"""Rollbacks on a real cluster: what ran before comes back, whatever was tightened since."""

import pytest

from slimgate.core.wording.ways import DOCS, rollback
from tests.lab.kubectl import Kubectl
from tests.live.api import eventually
from tests.live.room import Room
from tests.live.shelf import SMALL

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_rollout_undo(room: Room, kubectl: Kubectl, kind: str) -> None:
    """`kubectl rollout undo` is admitted with a warning that says why; what never ran is not."""
    former, present, new = (
        room.shelf.noise(SMALL + more, tag=tag)
        for tag, more in (("v1", 10_000), ("v2", 0), ("v3", 20_000))
    )
    made = room.deploy(former, kind=kind)
    listed = "ReplicaSet" if kind == "Deployment" else "ControllerRevision"
    eventually(lambda: len(room.api.list(listed, room.namespace)) == 1 or None, "it has a revision")
    room.api.patch(made, _running(present))
    eventually(lambda: len(room.api.list(listed, room.namespace)) == 2 or None, "it has another")
    room.policy(limits={"pullSize": {"deny": SMALL + 5_000}})

    refused = room.api.try_patch(made, _running(new), dry_run=True)
    undone = kubectl.attempt("-n", room.namespace, "rollout", "undo", f"{kind.lower()}/web")

    assert not refused.accepted
    assert undone.returncode == 0, undone.stderr
    assert f"Warning: {rollback(DOCS)}" in undone.stderr.splitlines()
    assert room.api.get(made)["spec"]["template"]["spec"]["containers"][0]["image"] == former


def _running(image: str) -> dict[str, object]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}}}
