"""An API server that was away, and by then no longer knows what has happened since."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.api import Json, eventually
from tests.live.front import Front
from tests.live.programs import Program, Roles
from tests.live.room import Room
from tests.live.shelf import SMALL, TINY
from tests.live.site import Site
from tests.support.kubeconfig import kubeconfig

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("alone")]


@dataclass(frozen=True, kw_only=True)
class Beyond:
    """A controller, and the front that it goes by."""

    front: Front
    controller: Program

    def said(self, word: str) -> list[str]:
        """Return the lines of the log that have a word."""
        lines = self.controller.log.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if word in line]

    def counts(self, policy: str) -> dict[str, float]:
        """Return its metric's counts by verdict."""
        return {
            verdict: self.controller.metric("slimgate_workloads", policy=policy, verdict=verdict)
            for verdict in ("allow", "deny")
        }


@pytest.fixture
def beyond(site: Site, tmp_path: Path) -> Iterator[Beyond]:
    """Start a controller behind a front."""
    site.roles.stop("controller")
    with closing(Front(lab=site.lab, address=site.lab.host_address)) as front:
        front.mend()
        common = {**site.roles.common, "KUBECONFIG": kubeconfig(tmp_path, front.server)}
        roles = Roles(address=site.roles.address, common=common, folder=tmp_path)
        with closing(roles):
            yield Beyond(front=front, controller=roles.start("controller"))


def test_what_was_deleted_meanwhile_is_forgotten(room: Room, beyond: Beyond) -> None:
    """Also where nothing of a kind is left; what was made meanwhile or made anew is judged.

    What is deleted from then on is heard of as ever.
    """
    fat, slim = room.shelf.noise(SMALL, repository="fat"), room.shelf.noise(TINY)
    policy = room.policy(limits={"pullSize": {"deny": "40k"}}, mode="Audit")
    kept, gone, anew = (room.deploy(fat, name=name) for name in ("kept", "gone", "anew"))
    jobs = [room.deploy(fat, kind="Job", name=f"job-{number}") for number in range(2)]
    _await_counts(room, policy, workloads=5, denied=5)
    before = beyond.counts(policy)

    beyond.front.cut()
    for one in (gone, anew, *jobs):
        room.api.delete(one)
    again = _made_anew(room, anew, slim)
    new = room.deploy(slim, name="new")
    beyond.front.mend()
    room.await_verdict(new, "allow")
    room.await_verdict(again, "allow")
    _await_counts(room, policy, workloads=3, denied=1)
    after, events = beyond.counts(policy), room.events(kept)
    room.api.delete(kept)
    _await_counts(room, policy, workloads=2, denied=0)

    assert before == {"allow": 0, "deny": 5}
    assert after == {"allow": 2, "deny": 1}
    assert len(events) == 1
    said = beyond.said("deleted while nobody watched")
    assert all("INFO" in line for line in said)
    assert sum("Job 2" in line for line in said) == 1
    assert sum("Deployment" in line for line in said) == 1
    assert beyond.controller.runs()


def _made_anew(room: Room, obj: Json, image: str) -> Json:
    """Make a Deployment under the name of one that was deleted, once it is gone."""
    eventually(lambda: room.api.find(obj) is None, "it is gone")
    return room.deploy(image, name=obj["metadata"]["name"])


def _await_counts(room: Room, policy: str, *, workloads: int, denied: int) -> None:
    counts = {"workloads": workloads, "denied": denied}
    eventually(
        lambda: {name: room.status(policy).get(name) for name in counts} == counts,
        f"the policy counts {counts}",
    )
