"""What is taken in of the objects of a kind, and what is left to its owner."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from slimgate.controller.intake import Intake
from slimgate.controller.ledger import Key
from slimgate.controller.owners import Owners
from slimgate.core.errors import ClusterError
from slimgate.core.json_object import JsonObject, mapping_at
from slimgate.core.wording.annotations import SUMMARY, VERDICT, Annotate
from slimgate.core.workloads.kinds import PODS, REPLICA_SETS, Kind
from tests.controller.fakes import DEPLOYMENT, FAT, World
from tests.engine.cluster import policy
from tests.engine.shelf import APP, Door, until

KEY = Key(DEPLOYMENT, "team", "web")
ROLLOUTS = Kind(group="argoproj.io", version="v1alpha1", plural="rollouts", kind="Rollout")
ROLLOUT = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"}
OWNER = {"apiVersion": "apps/v1", "kind": "Deployment", "controller": True}


@pytest.fixture
def world() -> World:
    """Make a world."""
    return World()


@pytest.fixture
def owners() -> Owners:
    """Have Deployments be judged, and Rollouts, which are followed."""
    owners = Owners([DEPLOYMENT, PODS], [ROLLOUTS])
    owners.follow(ROLLOUTS, True)
    return owners


@pytest.fixture
def intake(world: World, owners: Owners) -> Intake:
    """Make an intake of Deployments."""
    return Intake(world.reconciler, DEPLOYMENT, owners=owners)


@pytest.fixture
def replica_sets(world: World, owners: Owners) -> Intake:
    """Make an intake of ReplicaSets."""
    return Intake(world.reconciler, REPLICA_SETS, owners=owners)


def limit(world: World, size: str = "1") -> None:
    """Have the policy deny what is larger, which is everything."""
    world.catalog.put_policy(policy(limits={"pullSize": {"deny": size}}))


def web(**metadata: object) -> dict[str, object]:
    """Write a Deployment down as a listing has it, which leaves its kind out."""
    spec = {"containers": [{"name": "main", "image": APP}]}
    return {
        "metadata": {"namespace": "team", "name": "web", "uid": "1", **metadata},
        "spec": {"template": {"spec": spec}},
    }


def test_a_workload_comes_and_goes(world: World, intake: Intake) -> None:
    """It is known with its images and annotations, under its own name, until it is dropped."""
    intake.put(web(annotations={VERDICT: "deny"}))
    record = world.record(KEY)
    intake.drop("team", "other")
    left = list(world.ledger)
    intake.drop("team", "web")

    assert (record.observed.kind, record.observed.verdict) == (DEPLOYMENT, "deny")
    assert [use.reference for use in record.observed.workload.images] == [APP]
    assert left == [KEY]
    assert list(world.ledger) == []


def test_what_is_too_large_to_be_remembered(world: World, intake: Intake) -> None:
    """It is known as unread, which no policy passes over, and its annotations are cut."""
    much = "x" * 100_000
    intake.put(web(labels={"a": much}, annotations={SUMMARY: much}))
    record = world.ledger.get(KEY)

    assert record is not None
    assert (record.observed.workload.images, record.observed.workload.labels) == ((), {})
    assert record.observed.workload.unread
    assert len(record.observed.summary or "") < 4_096


def test_a_large_one_of_another_kind(world: World, owners: Owners) -> None:
    """It has a template all the same, so that it is not what it owns that is judged."""
    kind = replace(ROLLOUTS, template=("spec", "template"))
    large = {**ROLLOUT, **web(labels={"a": "x" * 100_000})}
    Intake(world.reconciler, kind, owners=owners).put(large)

    assert world.ledger.get(Key(kind, "team", "web")) is not None


OWNERS: list[tuple[object, bool]] = [
    (None, True),
    ("broken", True),
    ([], True),
    ([{**ROLLOUT, "controller": True}], False),
    ([{**ROLLOUT, "apiVersion": "argoproj.io/v2", "controller": True}], False),
    ([{**ROLLOUT, "apiVersion": "rollouts.example.com/v1alpha1", "controller": True}], True),
    ([{**ROLLOUT, "controller": False}], True),
    ([ROLLOUT], True),
    ([{"apiVersion": "v1", "kind": "Pod", "controller": True}], False),
    ([{"apiVersion": "v1", "kind": "Deployment", "controller": True}], True),
    ([{"apiVersion": "v1", "kind": "Stranger", "controller": True}], True),
    ([{"apiVersion": "v1", "kind": "Stranger"}, OWNER], False),
]


@pytest.mark.parametrize(("references", "taken"), OWNERS)
def test_what_a_judged_kind_owns_is_left_to_it(
    world: World, intake: Intake, *, references: object, taken: bool
) -> None:
    """Only a controller counts as its owner, and only if its kind is judged."""
    intake.put(web(ownerReferences=references))

    assert list(world.ledger) == ([KEY] if taken else [])


def test_what_gets_an_owner_is_held_for_it(world: World, intake: Intake) -> None:
    """It was its own before: such events concern us, and those of others' objects do not."""
    adopted = web(ownerReferences=[OWNER])
    strange = intake.concerns(mapping_at(adopted, "metadata"))
    intake.put(web())
    known = intake.concerns(mapping_at(adopted, "metadata"))
    intake.put(adopted)

    assert (strange, known) == (False, True)
    assert list(world.ledger) == []
    assert world.reconciler.changed.is_set()


def test_the_end_of_another_is_none(world: World, intake: Intake) -> None:
    """A workload that was made anew stays, though its forerunner's end is told afterwards."""
    intake.put(web(uid="2"))
    intake.drop("team", "web", "1")
    intake.put(web(uid="1", ownerReferences=[OWNER]))
    left = list(world.ledger)
    intake.drop("team", "web", "2")

    assert left == [KEY]
    assert list(world.ledger) == []


MARKS = {VERDICT: "deny", SUMMARY: "too fat"}
TAKEN_BACK = [("report", ("web", None)), ("annotate", ("web", None))]


async def test_what_was_said_of_it_is_taken_back(world: World, intake: Intake) -> None:
    """Once it has found an owner; without an Event, and never again."""
    async with world.running():
        intake.put(web(annotations=MARKS))
        await world.quiet()
        said = world.recorder.of("annotate")
        intake.put(web(annotations=MARKS, ownerReferences=[OWNER]))
        await world.quiet()
        taken_back = world.recorder.of("note", "annotate", "report")
        intake.put(web(ownerReferences=[OWNER]))
        await world.judged_again()

    assert said == [("annotate", ("web", None))]
    assert taken_back == TAKEN_BACK
    assert world.recorder.written == []


async def test_what_is_being_said_of_it_is_taken_back(world: World, intake: Intake) -> None:
    """It may find its owner while the first words on it are written."""
    limit(world)
    door = world.recorder.doors["note"] = Door()
    async with world.running():
        intake.put(web())
        await door.knocked.wait()
        intake.put(web(ownerReferences=[OWNER]))
        door.opened.set()
        await world.quiet()

    assert world.recorder.written[-2:] == TAKEN_BACK
    assert ("report", ("web", "deny")) in world.recorder.written[:-2]


@pytest.mark.parametrize("owner", [OWNER, {**ROLLOUT, "controller": True}])
async def test_a_restart_takes_back_what_was_said(
    world: World, intake: Intake, owner: dict[str, object]
) -> None:
    """It goes by the annotations of what has found an owner while nobody watched."""
    adopted = web(annotations=MARKS, ownerReferences=[owner])
    assert intake.concerns(mapping_at(adopted, "metadata"))
    async with world.running():
        intake.put(adopted)
        await world.quiet()

    assert world.recorder.written == TAKEN_BACK


async def test_nothing_is_taken_back_that_may_not_be_written() -> None:
    """Where nothing is annotated, the report alone is removed."""
    world = World(Annotate.NONE)
    intake = Intake(world.reconciler, DEPLOYMENT, owners=Owners([DEPLOYMENT]))
    async with world.running():
        intake.put(web(annotations=MARKS))
        await world.quiet()
        intake.put(web(annotations=MARKS, ownerReferences=[OWNER]))
        await world.quiet()

    assert world.recorder.of("annotate", "report") == [
        ("report", ("web", "allow")),
        ("report", ("web", None)),
    ]


async def test_nothing_is_taken_back_where_nothing_was_said(world: World, intake: Intake) -> None:
    """A workload that no policy speaks of, or that was not judged yet, is just left alone."""
    world.catalog.drop_policy("default")
    async with world.running():
        intake.put(web())
        await world.quiet()
        world.recorder.of()
        intake.put(web(ownerReferences=[OWNER]))
        intake.put(web(uid="2"))
        intake.put(web(uid="2", ownerReferences=[OWNER]))
        await world.quiet()

    assert world.recorder.written == []


async def test_who_copies_annotations_is_not_fought_with(world: World, intake: Intake) -> None:
    """What a Rollout's controller writes again is removed no second time."""
    copied = web(annotations=MARKS, ownerReferences=[{**ROLLOUT, "controller": True}])
    async with world.running():
        for _ in range(3):
            intake.put(copied)
            await world.quiet()

    assert world.recorder.written == TAKEN_BACK


def copy(
    name: str = "web-1",
    owner: str = "1",
    annotations: Mapping[str, str] = MARKS,
    uid: str | None = None,
) -> dict[str, object]:
    """Write a ReplicaSet of the Deployment down."""
    owners = [{**OWNER, "name": "web", "uid": owner}]
    return web(name=name, uid=uid or name, annotations=annotations, ownerReferences=owners)


@pytest.mark.parametrize(
    ("annotate", "size", "stripped"),
    [
        (Annotate.OVER_POLICY, "1Gi", ["web-1", "web-2"]),
        (Annotate.OVER_POLICY, "1", []),
        (Annotate.ALL, "1Gi", []),
        (Annotate.NONE, "1Gi", []),
    ],
)
@pytest.mark.parametrize("first", ["owner", "copies"])
async def test_copies_of_a_deployments_annotations(
    owners: Owners, annotate: Annotate, size: str, stripped: list[str], first: str
) -> None:
    """ReplicaSets lose what their owner is not to carry, whoever is seen first, and nothing else.

    No Deployment is listed for it, nor its ReplicaSets, and there is one write for each.
    """
    world = World(annotate)
    limit(world, size)
    deployments = Intake(world.reconciler, DEPLOYMENT, owners=owners)
    replica_sets = Intake(world.reconciler, REPLICA_SETS, owners=owners)
    copies = [copy(), copy("web-2"), copy("clean", annotations={}), copy("others", owner="2")]

    def show_copies() -> None:
        for one in copies:
            if replica_sets.concerns(mapping_at(one, "metadata")):
                replica_sets.put(one)

    async with world.running():
        if first == "copies":
            show_copies()
        deployments.put(web())
        await world.quiet()
        show_copies()
        await world.quiet()
        written = [what for _, what in world.recorder.of("annotate")]
        await world.judged_again()

    own = {("web", "deny"), ("web", "allow")}
    expected = [(one, None) for one in stripped] * (2 if first == "copies" else 1)
    assert [what for what in written if what not in own] == expected
    assert world.recorder.of("annotate") == []


OTHER = {"template": {"spec": {"containers": [{"name": "main", "image": f"{APP}0"}]}}}
ECHOES: list[tuple[str, JsonObject, JsonObject, bool]] = [
    ("MODIFIED", {}, {}, True),
    ("ADDED", {}, {}, True),
    ("MODIFIED", {}, {"status": {"replicas": 1}}, True),
    ("MODIFIED", {"resourceVersion": "9", "generation": 9}, {}, True),
    ("MODIFIED", {"annotations": {}}, {}, False),
    ("MODIFIED", {"annotations": {VERDICT: "allow"}}, {}, False),
    ("MODIFIED", {"labels": {"a": "b"}}, {}, False),
    ("MODIFIED", {"uid": "2"}, {}, False),
    ("MODIFIED", {"ownerReferences": [OWNER]}, {}, False),
    ("MODIFIED", {}, {"spec": OTHER}, False),
    ("DELETED", {}, {}, False),
]


@pytest.mark.parametrize(("event", "metadata", "more", "spared"), ECHOES)
async def test_what_changes_nothing_is_spared(
    world: World,
    intake: Intake,
    *,
    event: str,
    metadata: JsonObject,
    more: JsonObject,
    spared: bool,
) -> None:
    """Once it is judged, and carries what it is to carry; all else is left to kopf."""
    said = await annotated(world, intake)
    known = intake.spares(event, {**web(**{"annotations": said, **metadata}), **more})

    assert said[VERDICT] == "deny"
    assert known is spared


async def annotated(world: World, intake: Intake) -> dict[str, str | None]:
    """Have a Deployment be over policy; return what it carries then."""
    limit(world)
    intake.put(web())
    async with world.running():
        await world.quiet()
    record = world.record(KEY)
    return dict(record.observed.annotations)


def test_nothing_is_spared_that_is_not_judged_yet(intake: Intake) -> None:
    """Somebody is to judge it."""
    new = intake.spares("ADDED", web(resourceVersion="1"))
    intake.put(web(resourceVersion="1"))

    assert not new
    assert not intake.spares("MODIFIED", web(resourceVersion="2"))


async def test_nothing_overtakes_what_kopf_was_left(world: World, intake: Intake) -> None:
    """A change that is undone at once is heard of in its order, until kopf has handed on both."""
    said = await annotated(world, intake)
    changed = {**web(resourceVersion="2", annotations=said), "spec": OTHER}
    undone = web(resourceVersion="3", annotations=said)
    spared = [intake.spares("MODIFIED", one) for one in (changed, undone)]
    intake.put(changed)
    spared.append(intake.spares("MODIFIED", undone))
    intake.put(undone)
    async with world.running():
        await world.quiet()
    spared.append(intake.spares("MODIFIED", undone))

    assert spared == [False, False, False, True]


def test_what_was_made_anew_is_not_overtaken_by_what_it_was(world: World, intake: Intake) -> None:
    """Kopf keeps the order of one object's events, and not of two of one name."""
    intake.put(web())
    changed = web(resourceVersion="2", labels={"a": "b"})
    anew = web(resourceVersion="4", uid="2")
    told = [("MODIFIED", changed), ("DELETED", changed), ("ADDED", anew)]
    spared = [intake.spares(event, obj) for event, obj in told]
    intake.put(anew)
    intake.put(changed)
    intake.drop("team", "web", "1")
    record = world.record(KEY)

    assert spared == [False, False, False]
    assert record.observed.workload.uid == "2"


def test_what_kopf_remembers_it_hears_of_to_the_end(intake: Intake) -> None:
    """Though an owner has adopted it; a listing says what has gone unseen."""
    adopted = web(resourceVersion="2", ownerReferences=[OWNER])
    for uid in ("1", "2"):
        assert not intake.spares("ADDED", web(uid=uid))
    ends = [web(uid=uid, ownerReferences=[OWNER]) for uid in ("1", "2")]
    intake.put(adopted)
    intake.listed({"1", "3"})
    spared = [intake.spares("DELETED", one) for one in (*ends, *ends)]

    assert spared == [False, True, True, True]


async def test_copies_go_once_the_policy_does(
    world: World, intake: Intake, replica_sets: Intake
) -> None:
    """Those of ReplicaSets that are gone by then are not looked for."""
    limit(world)
    async with world.running():
        intake.put(web())
        await world.quiet()
        for name in ("web-1", "web-2", "web-3", "web-4"):
            assert replica_sets.spares("ADDED", copy(name))
        replica_sets.drop("team", "web-2", "web-2")
        replica_sets.put(copy("web-3", annotations={}))
        # Its deletion is on its way by kopf as the next of its name is taken at once.
        assert replica_sets.spares("ADDED", copy("web-4", uid="4"))
        replica_sets.drop("team", "web-4", "web-4")
        await world.quiet()
        world.recorder.of()
        world.catalog.drop_policy("default")
        await world.quiet()

    assert world.recorder.of("annotate") == [
        ("annotate", ("web", None)),
        ("annotate", ("web-1", None)),
        ("annotate", ("web-4", None)),
    ]


async def copied(world: World, owners: Owners, names: list[str]) -> None:
    """Have workloads that are over policy, each with a ReplicaSet that carries a copy."""
    limit(world)
    deployments = Intake(world.reconciler, DEPLOYMENT, owners=owners)
    replica_sets = Intake(world.reconciler, REPLICA_SETS, owners=owners)
    for name in names:
        deployments.put(web(name=name, uid=name))
        replica_sets.put(copy(f"{name}-1", owner=name))
    await world.quiet()
    world.recorder.written.clear()


async def test_nobody_waits_for_copies(owners: Owners) -> None:
    """However many there are: one is written after the other, beside all that is waited for."""
    names = [f"web-{number}" for number in range(9)]
    door = Door()
    async with World(workers=2, reserve=0).running() as world:
        await copied(world, owners, names)
        world.recorder.doors["ReplicaSet"] = door
        limit(world, "1Gi")
        queue = world.reconciler.queue
        await until(lambda: not queue.waiting + queue.active)
        await door.knocked.wait()
        before = world.recorder.of("annotate")
        door.opened.set()
        await world.quiet()
        after = world.recorder.of("annotate")

    own = [("annotate", (name, None)) for name in names]
    first = [one for one in before if one not in own]
    assert (len(before), len(first)) == (len(names) + 1, 1)
    assert {*first, *after} == {("annotate", (f"{name}-1", None)) for name in names}
    assert len(after) == len(names) - 1


async def test_copies_that_could_not_be_removed(owners: Owners) -> None:
    """They are tried again after a while."""
    gone = "annotate", ("web-1", None)
    async with World(retry_seconds=0.01).running() as world:
        await copied(world, owners, ["web"])
        world.recorder.faults["ReplicaSet"] = ClusterError("the API server is away")
        limit(world, "1Gi")
        await until(lambda: gone in world.recorder.written)
        await world.quiet()
        world.recorder.faults.clear()
        world.recorder.written.clear()
        await until(lambda: gone in world.recorder.written)


async def test_copies_of_what_is_over_policy_again(owners: Owners) -> None:
    """They are left, though they were to go: Kubernetes would only make them anew."""
    door = Door()
    async with World().running() as world:
        await copied(world, owners, ["first", "web"])
        world.recorder.doors["ReplicaSet"] = door
        limit(world, "1Gi")
        queue = world.reconciler.queue
        await until(lambda: not queue.waiting + queue.active)
        await door.knocked.wait()
        limit(world)
        await until(lambda: not queue.waiting + queue.active)
        door.opened.set()
        await world.quiet()

    written = [what for _, what in world.recorder.of("annotate")]
    assert len([one for one in written if one in {("first-1", None), ("web-1", None)}]) == 1


async def test_copies_go_once_another_is_judged_for_their_owner(
    world: World, intake: Intake, replica_sets: Intake
) -> None:
    """They would stay for ever: whoever carries no annotation copies none."""
    limit(world)
    async with world.running():
        intake.put(web())
        replica_sets.put(copy())
        await world.quiet()
        world.recorder.of()
        intake.put(web(annotations=MARKS, ownerReferences=[OWNER]))
        await world.quiet()

    assert world.recorder.written == [*TAKEN_BACK, ("annotate", ("web-1", None))]


async def test_a_copy_that_is_judged_itself_is_none(
    world: World, intake: Intake, replica_sets: Intake
) -> None:
    """A ReplicaSet that its owner let go keeps what is said of it, whatever becomes of that."""
    fat = {"template": {"spec": {"containers": [{"name": "main", "image": FAT}]}}}
    async with world.running():
        intake.put({**web(), "spec": fat})
        replica_sets.put({**copy(), "spec": fat})
        await world.quiet()
        replica_sets.put({**web(name="web-1", uid="web-1", annotations=MARKS), "spec": fat})
        await world.quiet()
        world.recorder.of()
        intake.put(web(annotations=MARKS))
        await world.quiet()

    assert world.recorder.of("annotate") == [("annotate", ("web", None))]


def test_a_copy_that_carries_nothing_any_more(replica_sets: Intake) -> None:
    """Somebody has removed it: that is of concern once, and so is its deletion before."""
    replica_sets.put(copy())
    clean = copy(annotations={})
    known = replica_sets.concerns(mapping_at(clean, "metadata"))
    spared = replica_sets.spares("MODIFIED", clean)

    assert (known, spared) == (True, True)
    assert not replica_sets.concerns(mapping_at(clean, "metadata"))


async def test_what_could_not_be_taken_back_is_tried_again() -> None:
    """From where it failed, unless the workload is gone by then."""
    world = World(retry_seconds=0.01)
    intake = Intake(world.reconciler, DEPLOYMENT, owners=Owners([DEPLOYMENT]))
    adopted = web(annotations=MARKS, ownerReferences=[OWNER])
    world.recorder.faults["annotate"] = ClusterError("the API server is away")
    async with world.running():
        intake.put(adopted)
        await until(lambda: len(world.recorder.written) > 3)
        world.recorder.faults.clear()
        world.recorder.of()
        await until(lambda: len(world.recorder.written) == 2)
        await asyncio.sleep(0.05)
        written = world.recorder.of("annotate", "report")
        world.recorder.faults["annotate"] = ClusterError("the API server is away")
        intake.put(adopted)
        await until(lambda: len(world.recorder.written) > 3)
        intake.drop("team", "web", "1")
        await world.quiet()
        world.recorder.of()
        await asyncio.sleep(0.1)

    assert (written, world.recorder.written) == (TAKEN_BACK, [])
