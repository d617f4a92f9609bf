"""What is taken in of the objects of a kind, and what is left to its owner."""

import pytest

from slimgate.controller.intake import Intake
from slimgate.controller.ledger import Key
from slimgate.controller.masters import Masters
from slimgate.core.annotations import SUMMARY, VERDICT, Annotate
from slimgate.core.errors import ClusterError
from slimgate.core.kinds import PODS, REPLICA_SETS, Kind
from slimgate.core.workload import mapping_at
from tests.controller.fakes import DEPLOYMENT, World
from tests.engine.shelf import APP, until

KEY = Key(DEPLOYMENT, "team", "web")
ROLLOUTS = Kind(group="argoproj.io", version="v1alpha1", plural="rollouts", kind="Rollout")
ROLLOUT = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"}
MASTER = {"apiVersion": "apps/v1", "kind": "Deployment", "controller": True}


@pytest.fixture
def world() -> World:
    """Make a world."""
    return World()


@pytest.fixture
def masters() -> Masters:
    """Have Deployments be judged, and Rollouts, which are followed."""
    masters = Masters([DEPLOYMENT, PODS], [ROLLOUTS])
    masters.follow(ROLLOUTS, True)
    return masters


@pytest.fixture
def intake(world: World, masters: Masters) -> Intake:
    """Make an intake of Deployments."""
    return Intake(world.reconciler, DEPLOYMENT, masters=masters)


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
    record = world.ledger.get(KEY)
    intake.drop("team", "other")
    left = list(world.ledger)
    intake.drop("team", "web")

    assert record is not None
    assert (record.observed.kind, record.observed.verdict) == (DEPLOYMENT, "deny")
    assert [use.reference for use in record.observed.workload.images] == [APP]
    assert left == [KEY]
    assert list(world.ledger) == []


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
    ([{"apiVersion": "v1", "kind": "Stranger"}, MASTER], False),
]


@pytest.mark.parametrize(("owners", "taken"), OWNERS)
def test_what_a_judged_kind_owns_is_left_to_it(
    world: World, intake: Intake, *, owners: object, taken: bool
) -> None:
    """Only a controller counts as its master, and only if its kind is judged."""
    intake.put(web(ownerReferences=owners))

    assert intake.takes({"ownerReferences": owners}) is taken
    assert list(world.ledger) == ([KEY] if taken else [])


def test_what_finds_a_master_is_left_to_it(world: World, intake: Intake) -> None:
    """It was its own before: such events concern us, and those of others' objects do not."""
    adopted = web(ownerReferences=[MASTER])
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
    intake.put(web(uid="1", ownerReferences=[MASTER]))
    left = list(world.ledger)
    intake.drop("team", "web", "2")

    assert left == [KEY]
    assert list(world.ledger) == []


MARKS = {VERDICT: "deny", SUMMARY: "too fat"}
TAKEN_BACK = [("report", ("web", None)), ("annotate", ("web", None))]


async def test_what_was_said_of_it_is_taken_back(world: World, intake: Intake) -> None:
    """Once it has found a master; without an Event, and never again."""
    async with world.running():
        intake.put(web(annotations=MARKS))
        await world.quiet()
        said = world.recorder.of("annotate")
        intake.put(web(annotations=MARKS, ownerReferences=[MASTER]))
        await world.quiet()
        taken_back = world.recorder.of("note", "annotate", "report")
        intake.put(web(ownerReferences=[MASTER]))
        world.reconciler.judge_all()
        await world.quiet()

    assert said == [("annotate", ("web", None))]
    assert taken_back == TAKEN_BACK
    assert world.recorder.written == []


@pytest.mark.parametrize("master", [MASTER, {**ROLLOUT, "controller": True}])
async def test_a_restart_takes_back_what_was_said(
    world: World, intake: Intake, master: dict[str, object]
) -> None:
    """It goes by the annotations of what has found a master while nobody watched."""
    adopted = web(annotations=MARKS, ownerReferences=[master])
    assert intake.concerns(mapping_at(adopted, "metadata"))
    async with world.running():
        intake.put(adopted)
        await world.quiet()

    assert world.recorder.written == TAKEN_BACK


async def test_nothing_is_taken_back_that_may_not_be_written() -> None:
    """Where nothing is annotated, the report alone is removed."""
    world = World(Annotate.NONE)
    intake = Intake(
        world.reconciler,
        DEPLOYMENT,
        masters=Masters([DEPLOYMENT]),
    )
    async with world.running():
        intake.put(web(annotations=MARKS))
        await world.quiet()
        intake.put(web(annotations=MARKS, ownerReferences=[MASTER]))
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
        intake.put(web(ownerReferences=[MASTER]))
        intake.put(web(uid="2"))
        intake.put(web(uid="2", ownerReferences=[MASTER]))
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


def test_a_deployments_own_copies_concern_nobody(world: World, masters: Masters) -> None:
    """A ReplicaSet has its annotations from its Deployment."""
    intake = Intake(world.reconciler, REPLICA_SETS, masters=masters)
    metadata = mapping_at(web(annotations=MARKS, ownerReferences=[MASTER]), "metadata")

    assert not intake.concerns(metadata)


async def test_what_could_not_be_taken_back_is_tried_again() -> None:
    """From where it failed, unless the workload is gone by then."""
    world = World(retry_seconds=0.01)
    intake = Intake(
        world.reconciler,
        DEPLOYMENT,
        masters=Masters([DEPLOYMENT]),
    )
    adopted = web(annotations=MARKS, ownerReferences=[MASTER])
    world.recorder.faults["annotate"] = ClusterError("the API server is away")
    async with world.running():
        intake.put(adopted)
        await until(lambda: len(world.recorder.written) > 3)
        world.recorder.faults.clear()
        await world.quiet()
        await until(lambda: not world.reconciler._leaving)
        written = world.recorder.of("annotate", "report")
        world.recorder.faults["annotate"] = ClusterError("the API server is away")
        intake.put(adopted)
        await until(lambda: len(world.recorder.written) > 3)
        intake.drop("team", "web", "1")
        held = dict(world.reconciler._leaving)

    assert written[-2:] == TAKEN_BACK
    assert held == {}
