"""Which kinds are judged; tests/live follows those that settings add in a real cluster."""

import logging
from dataclasses import replace

import pytest

from slimgate.controller.kinds import Kinds
from slimgate.controller.ledger import Key
from slimgate.core.json_object import JsonObject
from slimgate.core.workloads.kinds import BUILT_IN, PODS, Kind
from slimgate.settings import Settings
from tests.controller.fakes import World
from tests.engine.shelf import APP

ROLLER = Kind(
    group="rollers.example.com",
    version="v1",
    plural="rollers",
    kind="Roller",
    template=("spec", "workload", "template"),
)
(JOBS,) = (one for one in BUILT_IN if one.kind == "Job")
OWNER = {
    "apiVersion": "rollers.example.com/v1", "kind": "Roller", "controller": True, "uid": "r1",
}  # fmt: skip
SET = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": True, "uid": "r1"}
TEMPLATE = {"spec": {"containers": [{"name": "main", "image": APP}]}}
JOB = Key(JOBS, "team", "web-1")
ROLL = Key(ROLLER, "team", "web")


class Place:
    """Rollers are judged, and Jobs that they make; both are told of by hand."""

    def __init__(self) -> None:
        self.world = World()
        self.kinds = Kinds(self.world.reconciler, Settings(extra_kinds=(ROLLER,)))
        (self.rollers,) = self.kinds.extra
        (self.jobs,) = (one for one in self.kinds.built_in if one.kind == JOBS)

    @property
    def judged(self) -> set[Key]:
        """What is judged itself."""
        return set(self.world.ledger)

    def follow(self, followed: bool = True) -> None:  # noqa: FBT001, FBT002 - a mirror's word
        """Have the cluster serve Rollers, or not."""
        self.kinds.owners.follow(ROLLER, followed)

    def roll(self, spec: JsonObject | None = None, uid: str = "r1") -> None:
        """Tell of the Roller."""
        metadata = {"namespace": "team", "name": "web", "uid": uid}
        whole = {"workload": {"template": TEMPLATE}} if spec is None else spec
        self.rollers.put({"metadata": metadata, "spec": whole})

    def make(self, uid: str = "j1", *, owner: JsonObject | None = OWNER) -> None:
        """Tell of a Job, which the Roller has made if it is not said who."""
        owners = [] if owner is None else [owner]
        metadata = {"namespace": "team", "name": "web-1", "uid": uid, "ownerReferences": owners}
        assert self.jobs.concerns(metadata)
        self.jobs.put({"metadata": metadata, "spec": {"template": TEMPLATE}})


def test_kinds_of_others_come_beside_the_built_in_ones() -> None:
    """Each has an intake of its own, and what they make is left to them."""
    worlds = World(), World()
    kinds = Kinds(worlds[0].reconciler, Settings(extra_kinds=(ROLLER,)))
    alone = Kinds(worlds[1].reconciler, Settings())
    kinds.owners.follow(ROLLER, True)
    nested = {"template": TEMPLATE, "jobTemplate": {"spec": {"template": TEMPLATE}}}
    made = {
        "metadata": {"name": "web-1", "ownerReferences": [OWNER]},
        "spec": {**TEMPLATE["spec"], **nested},
    }
    for intake in (*kinds.built_in, *alone.built_in):
        intake.put(made)

    assert tuple(one.kind for one in kinds.built_in) == BUILT_IN
    assert [one.kind for one in kinds.extra] == [ROLLER]
    assert [len(world.ledger) for world in worlds] == [0, len(BUILT_IN)]
    assert alone.extra == ()


def test_kinds_of_one_name_and_plural() -> None:
    """The group tells them apart: each is followed, and judged, by itself."""
    other = replace(ROLLER, group="others.example.com")
    job = replace(JOBS, group="batch.volcano.sh", version="v1alpha1")
    world = World()
    kinds = Kinds(world.reconciler, Settings(extra_kinds=(ROLLER, other, job)))
    for intake in (*kinds.extra, *(one for one in kinds.built_in if one.kind == JOBS)):
        spec = {"workload": {"template": TEMPLATE}, "template": TEMPLATE}
        intake.put({"metadata": {"namespace": "team", "name": "web", "uid": "1"}, "spec": spec})

    assert len(kinds.extra) == 3
    assert {key.kind for key in world.ledger} == {ROLLER, other, job, JOBS}


def test_a_kind_of_others_is_read_where_settings_say() -> None:
    """Its pod template is found, and it is known by its own kind."""
    place = Place()
    place.roll()

    record = place.world.record(ROLL)
    assert [use.reference for use in record.observed.workload.images] == [APP]


def test_what_a_kind_makes_is_left_to_it_while_it_is_followed() -> None:
    """Before, and after, it is judged itself, without another word of it from the cluster."""
    place = Place()
    place.make()
    seen = [place.judged]
    place.roll()
    for followed in (True, False, True):
        place.follow(followed)
        seen.append(place.judged)

    assert seen == [{JOB}, {ROLL}, {ROLL, JOB}, {ROLL}]


NO_TEMPLATE: list[JsonObject] = [
    {},
    {"template": TEMPLATE},
    {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
    {"workload": {"template": {"spec": {"containers": []}}}},
]


@pytest.mark.parametrize("spec", NO_TEMPLATE)
@pytest.mark.parametrize("first", [True, False])
def test_what_has_no_template_answers_for_nothing(
    caplog: pytest.LogCaptureFixture, spec: JsonObject, *, first: bool
) -> None:
    """It counts as no workload, and what it makes does; one warning says what to correct."""
    caplog.set_level(logging.WARNING)
    place = Place()
    place.follow()
    if first:
        place.make()
    place.roll(spec)
    if not first:
        place.make()
    without_template = place.judged
    place.roll(spec)
    place.roll()
    filled = place.judged
    place.roll(spec)

    assert (without_template, filled, place.judged) == ({JOB}, {ROLL}, {JOB})
    (said,) = caplog.records
    assert "roller team/web names no images" in said.getMessage()
    assert "at spec.workload.template" in said.getMessage()


def test_what_one_that_is_gone_has_made() -> None:
    """It is judged on until it is heard of again: Kubernetes is about to collect it."""
    place = Place()
    place.follow()
    place.roll({})
    place.make()
    place.rollers.drop("team", "web")
    gone = place.judged
    place.roll({}, uid="r2")
    place.make()

    assert gone == {JOB}
    assert place.judged == set()


def test_a_late_word_of_what_is_gone() -> None:
    """It does not come back in the place of what was made anew under its name."""
    place = Place()
    place.follow()
    place.make("j2", owner=None)
    place.make()
    place.follow(followed=False)

    record = place.world.record(JOB)
    assert record.observed.workload.uid == "j2"


def test_what_was_made_anew_for_an_owner() -> None:
    """It is held though its forerunner is known yet, which was judged itself."""
    place = Place()
    place.follow()
    place.make("j0", owner=None)
    place.make()
    place.jobs.drop("team", "web-1", "j0")
    place.follow(followed=False)

    assert place.judged == {JOB}


def test_what_was_deleted_unseen_is_not_judged_later() -> None:
    """It is among what a sweep compares, though nobody judges it."""
    place = Place()
    place.follow()
    place.make()
    known = place.world.ledger.uids(JOBS)
    place.world.reconciler.drop(JOB, "j1")
    place.follow(followed=False)

    assert known == {JOB: "j1"}
    assert place.judged == set()


def test_what_is_held_gets_an_owner_that_lasts() -> None:
    """It is judged with that one, whatever becomes of the kind that it was held for."""
    place = Place()
    place.follow()
    place.make()
    place.make(owner={"apiVersion": "batch/v1", "kind": "CronJob", "controller": True, "uid": "c1"})
    place.follow(followed=False)

    assert place.judged == set()


def test_what_has_been_of_concern_still_is() -> None:
    """A pod that an owner adopts before it is known what came before is told of all the same."""
    place = Place()
    alone: JsonObject = {"namespace": "team", "name": "a", "uid": "1"}
    adopted: JsonObject = {**alone, "ownerReferences": [SET]}

    assert not place.kinds.concerns(PODS, "ADDED", {"metadata": {**adopted, "uid": "2"}})
    assert place.kinds.concerns(PODS, "ADDED", {"metadata": alone})
    assert place.kinds.concerns(PODS, "MODIFIED", {"metadata": adopted})


def test_what_is_listed_is_taken_where_it_is_of_concern() -> None:
    """What an owner is judged for is not."""
    place = Place()
    for name, owners in (("a", []), ("b", [SET])):
        metadata = {"namespace": "team", "name": name, "uid": name, "ownerReferences": owners}
        place.kinds.take(PODS, {"metadata": metadata, **TEMPLATE})

    assert place.judged == {Key(PODS, "team", "a")}
