"""What is taken in of the objects of a kind, and what is left to its owner."""

import pytest

from slimgate.controller.intake import Intake
from slimgate.controller.ledger import Key
from slimgate.controller.ports import Kind
from slimgate.core.annotations import VERDICT
from slimgate.core.workload import TEMPLATE_PATHS, mapping_at
from tests.controller.fakes import DEPLOYMENT, World
from tests.engine.shelf import APP

KEY = Key("Deployment", "team", "web")
POD = Kind("", "v1", "pods", "Pod")
ROLLOUT = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"}
MASTER = {"apiVersion": "apps/v1", "kind": "Deployment", "controller": True}


@pytest.fixture
def world() -> World:
    """Make a world."""
    return World()


@pytest.fixture
def intake(world: World) -> Intake:
    """Make an intake of Deployments, where they and Rollouts are judged."""
    return Intake(
        world.reconciler,
        DEPLOYMENT,
        judged=[DEPLOYMENT, Kind("argoproj.io", "v1alpha1", "rollouts", "Rollout"), POD],
        template_paths=TEMPLATE_PATHS,
    )


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
