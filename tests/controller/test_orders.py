"""The ledger is as the cluster is, in whatever order events come by kopf and beside it.

kopf keeps the order of each object's events only, hears some of a watch again once it is cut off,
and of what has happened while it did not watch sees no more than what is left.
"""

import copy
from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pytest

from slimgate.controller.kinds import Kinds
from slimgate.controller.ledger import Observed
from slimgate.controller.sweeper import Sweeper
from slimgate.core.wording.annotations import SUMMARY, VERDICT
from slimgate.core.workloads.kinds import BUILT_IN, PODS, REPLICA_SETS, Kind
from slimgate.settings import Settings
from tests.controller.fakes import World
from tests.controller.test_kinds import OWNER, ROLLER
from tests.engine.shelf import APP

Obj = dict[str, Any]
(JOBS,) = (one for one in BUILT_IN if one.kind == "Job")
KINDS = (PODS, REPLICA_SETS, JOBS)
JUDGED = {"apiVersion": "apps/v1", "kind": "Deployment", "controller": True, "uid": "d1"}
STRANGER = {"apiVersion": "example.com/v1", "kind": "Stranger", "controller": True, "uid": "s1"}
OWNERS: tuple[list[object], ...] = ([], [JUDGED], [OWNER], [STRANGER])
MARKS: tuple[Obj, ...] = ({}, {VERDICT: "deny", SUMMARY: "too fat"})
Event = tuple[str, Obj]
Place = tuple[Kind, str]


class Cluster:
    """Objects that come and go by chance, what watches tell of them, and a kopf that is told."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311 - the same each time
        self.world = World()
        self.world.recorder.on_annotate = None
        self.kinds = Kinds(self.world.reconciler, Settings(extra_kinds=(ROLLER,)))
        self.intakes = {one.kind: one for one in self.kinds.built_in}
        self.sweeper = Sweeper(
            reconciler=self.world.reconciler, take=self.kinds.take, left=self.kinds.listed
        )
        self.objects: dict[Place, Obj] = {}
        self.unread: dict[Kind, list[Event]] = defaultdict(list)
        self.again: dict[Kind, list[Event]] = defaultdict(list)
        """What a watch that is cut off is told again: all since kopf has heard of anything."""
        self.queues: dict[Place, list[Event]] = {}
        """What kopf has yet to hand on, by kind and uid."""
        self.followed = False
        self.version = 0

    def change(self) -> None:
        """Make, change or delete something."""
        place = self.chance.choice(KINDS), self.chance.choice("ab")
        self.version += 1
        obj = copy.deepcopy(self.objects.pop(place, {}))
        event = "MODIFIED" if obj else "ADDED"
        if obj and self.chance.random() < 0.35:
            event = "DELETED"
        else:
            metadata = obj.setdefault("metadata", {"uid": str(self.version)})
            self._edit(place[0], obj, metadata)
            self.objects[place] = obj
        obj["metadata"] |= {"name": place[1], "namespace": "team"}
        obj["metadata"]["resourceVersion"] = str(self.version)
        self.unread[place[0]].append((event, obj))

    def _edit(self, kind: Kind, obj: Obj, metadata: Obj) -> None:
        fields = ["owner", "marks", "image", "label"]
        chosen = fields if not obj.get("spec") else [self.chance.choice([*fields, "status"])]
        if "owner" in chosen:
            metadata["ownerReferences"] = self.chance.choice(OWNERS)
        if "marks" in chosen:
            metadata["annotations"] = self.chance.choice(MARKS)
        if "label" in chosen:
            metadata["labels"] = {"a": self.chance.choice("bc")}
        if "image" in chosen:
            image = self.chance.choice([APP, f"{APP}0"])
            spec = {"containers": [{"name": "main", "image": image}]}
            obj["spec"] = spec if kind is PODS else {"template": {"spec": spec}}

    def read(self, kind: Kind) -> None:
        """Have one event be read, and left to kopf where it is of concern."""
        if not self.unread[kind]:
            return
        event = self.unread[kind].pop(0)
        self.again[kind].append(event)
        if self.kinds.concerns(kind, *event):
            self.queues.setdefault((kind, event[1]["metadata"]["uid"]), []).append(event)
            self.again[kind].clear()

    def hand_on(self) -> None:
        """Have kopf hand on one event."""
        if not self.queues:
            return
        place = self.chance.choice(list(self.queues))
        event, obj = self.queues[place].pop(0)
        if not self.queues[place]:
            del self.queues[place]
        intake, metadata = self.intakes[place[0]], obj["metadata"]
        if event == "DELETED":
            intake.drop("team", metadata["name"], metadata["uid"])
        else:
            intake.put(obj)

    def cut_off(self, kind: Kind) -> None:
        """Have a watch be cut off, with some of it read along and never left to kopf."""
        for event in self.unread[kind][: self.chance.randrange(3)]:
            self.kinds.concerns(kind, *event)
        self.unread[kind][:0] = self.again.pop(kind, [])

    def list_anew(self, kind: Kind) -> None:
        """Have a kind be listed in two pages, and what was not read of it be lost."""
        while self.queues:
            self.hand_on()
        self.unread[kind].clear()
        self.again[kind].clear()
        items = [copy.deepcopy(obj) for (one, _), obj in self.objects.items() if one is kind]
        for first, part in ((True, items[:1]), (False, items[1:])):
            metadata = {"resourceVersion": str(self.version), "continue": "x" * first}
            self.sweeper.listed(kind, {"metadata": metadata, "items": part}, first=first)

    def follow(self) -> None:
        """Have Rollers be served, or not any more."""
        self.followed = not self.followed
        self.kinds.owners.follow(ROLLER, self.followed)

    async def step(self) -> None:
        """Have something happen."""
        kind, what = self.chance.choice(KINDS), self.chance.random()
        if what < 0.4:
            self.change()
        elif what < 0.65:
            self.read(kind)
        elif what < 0.85:
            self.hand_on()
        elif what < 0.9:
            self.cut_off(kind)
        elif what < 0.93:
            self.list_anew(kind)
        elif what < 0.96:
            self.follow()
        else:
            await self.world.quiet()

    def settle(self) -> None:
        """Have all be read and handed on."""
        for kind in KINDS:
            while self.unread[kind]:
                self.read(kind)
        while self.queues:
            self.hand_on()

    def judged(self) -> Mapping[Place, object]:
        """List what is judged itself, by what is there."""
        covering = [[JUDGED], *([[OWNER]] if self.followed else [])]
        return {
            place: (metadata["uid"], metadata["labels"], bool(metadata["annotations"]))
            for place, metadata in self._metadata()
            if metadata["ownerReferences"] not in covering
        }

    def in_ledger(self) -> Mapping[Place, object]:
        """List what is judged itself, by what the ledger knows."""
        found = [(key, self.world.ledger.get(key)) for key in self.world.ledger]
        return {(key.kind, key.name): _seen(one.observed) for key, one in found if one is not None}

    def concerning(self) -> Mapping[Place, str]:
        """List what is judged, may be some day, or carries copies, with uids."""
        return {
            (kind, name): metadata["uid"]
            for (kind, name), metadata in self._metadata()
            if metadata["ownerReferences"] != [JUDGED]
            or (kind is REPLICA_SETS and metadata["annotations"])
        }

    def kept(self) -> Mapping[Place, str]:
        """List what anything is kept of, with uids."""
        uids = self.world.reconciler.uids
        return {(kind, key.name): uid for kind in KINDS for key, uid in uids(kind).items()}

    def _metadata(self) -> Sequence[tuple[Place, Obj]]:
        return [(place, obj["metadata"]) for place, obj in self.objects.items()]


def _seen(one: Observed) -> object:
    return one.workload.uid, dict(one.workload.labels), one.is_marked


@pytest.mark.parametrize("some", range(4))
async def test_whatever_the_order(some: int) -> None:
    """All that is there is known as it is, copies of annotations too, and nothing else is."""
    for seed in range(some * 50, some * 50 + 50):
        cluster = Cluster(seed)
        async with cluster.world.running():
            for _ in range(60):
                await cluster.step()
            cluster.settle()
            await cluster.world.quiet()

        assert cluster.in_ledger() == cluster.judged(), seed
        assert cluster.kept() == cluster.concerning(), seed
