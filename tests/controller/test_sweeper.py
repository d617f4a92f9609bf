"""What is forgotten once a kind is listed anew, and what never is."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest

from slimgate.controller.ledger import Key
from slimgate.controller.sweeper import Sweeper
from slimgate.core.json_object import JsonObject
from slimgate.core.wording.annotations import VERDICT
from slimgate.core.workloads.kinds import BUILT_IN, REPLICA_SETS, Kind
from slimgate.core.workloads.workload import Owner, Workload
from tests.controller.fakes import DEPLOYMENT, FAT, World, key_of, observed
from tests.engine.cluster import exception, workload
from tests.engine.shelf import APP, until

(JOB,) = (one for one in BUILT_IN if one.kind == "Job")
WEB, API = workload(APP), workload(APP, name="api")
BATCH = replace(workload(APP, name="batch"), kind="Job")


def page(*uids: str, more: bool = False, version: str = "7") -> dict[str, object]:
    """Write a page of a listing."""
    items = [{"metadata": {"uid": uid}} for uid in uids]
    return {"metadata": {"resourceVersion": version, "continue": "x" * more}, "items": items}


class Place:
    """A world, and a sweeper of it."""

    def __init__(self, *workloads: Workload) -> None:
        self.world = World()
        self.sweeper = Sweeper(reconciler=self.world.reconciler)
        for one in workloads:
            self.world.show(one)

    def listed(self, *pages: object) -> None:
        """Have Deployments be listed."""
        for number, one in enumerate(pages):
            self.sweeper.listed(DEPLOYMENT, one, first=number == 0)

    @property
    def left(self) -> set[str]:
        """The uids that are known."""
        ledger = self.world.ledger
        return {one.observed.workload.uid for key in ledger if (one := ledger.get(key)) is not None}


@pytest.mark.parametrize(
    ("pages", "left"),
    [
        ([page("web", "api", "stranger")], {"web", "api", "batch"}),
        ([page("stranger", more=True), page(more=True), page("web")], {"web", "batch"}),
        ([page()], {"batch"}),
        # What has been made anew under a name is another, and is heard of in its turn.
        ([page("another", "api")], {"api", "batch"}),
        # What breaks off, or is no listing, says nothing.
        ([page(more=True)], {"web", "api", "batch"}),
        ([page(more=True), page(version="")], {"web", "api", "batch"}),
        ([page(more=True), None, page()], {"web", "api", "batch"}),
        ([{}], {"web", "api", "batch"}),
        ([[]], {"web", "api", "batch"}),
    ],
)
def test_what_a_whole_listing_lacks_is_forgotten(pages: Sequence[object], left: set[str]) -> None:
    """Whatever page it might have been on; other kinds are not touched."""
    place = Place(WEB, API, BATCH)
    place.listed(*pages)

    assert place.left == left
    assert place.world.reconciler.changed.is_set() is (left != {"web", "api", "batch"})


def test_copies_that_are_gone_are_forgotten() -> None:
    """ReplicaSets are known for what they carry, though nobody judges them."""
    place, key = Place(), Key(REPLICA_SETS, "team", "web-1")
    owner = Owner(kind="Deployment", name="web", uid="web")
    copy = replace(WEB, kind="ReplicaSet", name="web-1", uid="rs", owner=owner)
    place.world.reconciler.copied(key, observed(copy, {VERDICT: "deny"}))
    known = dict(place.world.reconciler.uids(REPLICA_SETS))
    place.sweeper.listed(REPLICA_SETS, page(), first=True)

    assert known == {key: "rs"}
    assert not place.world.reconciler.uids(REPLICA_SETS)


def test_a_listing_that_begins_again() -> None:
    """What pages of an earlier one had counts no more."""
    place = Place(WEB, API)
    place.listed(page("web", more=True))
    place.listed(page("api"))

    assert place.left == {"api"}


def test_pages_of_two_kinds_at_the_same_time() -> None:
    """Each has a listing of its own."""
    place = Place(WEB, API, BATCH)
    place.listed(page("web", more=True))
    place.sweeper.listed(JOB, page("batch"), first=True)
    place.sweeper.listed(DEPLOYMENT, page("api"), first=False)

    assert place.left == {"web", "api", "batch"}


def test_what_is_listed_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    """Each object of each page, and none is left to kopf; one that can't be is logged."""
    world, taken = World(), list[object]()

    def take(kind: Kind, obj: JsonObject) -> None:
        if obj["metadata"] == {"uid": "bad"}:
            raise ValueError("a fault of slimgate's own")
        taken.append((kind.kind, obj["metadata"]))

    sweeper = Sweeper(reconciler=world.reconciler, take=take)
    pages = [page("web", "bad", "api", more=True), page("batch")]
    for number, one in enumerate(pages):
        sweeper.listed(DEPLOYMENT, one, first=number == 0)

    assert taken == [("Deployment", {"uid": uid}) for uid in ("web", "api", "batch")]
    assert [one["items"] for one in pages] == [[], []]
    assert "a Deployment that was listed could not be taken" in caplog.text


def test_one_line_says_how_many(caplog: pytest.LogCaptureFixture) -> None:
    """Where nothing is gone nothing is said."""
    place = Place(WEB, API)
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            place.listed(page())

    assert [record.getMessage() for record in caplog.records] == [
        "forgot workloads that were deleted while nobody watched: Deployment 2"
    ]


async def test_what_is_forgotten_is_not_judged_again() -> None:
    """It is due no more."""
    place, one = Place(), workload(FAT)
    place.world.catalog.put_exception(exception("ending"))
    async with place.world.running():
        place.world.reconciler.observe(key_of(one), observed(one))
        await until(lambda: key_of(one) in place.world.reconciler.rechecks.schedule)
        place.listed(page())

    assert key_of(one) not in place.world.reconciler.rechecks.schedule
