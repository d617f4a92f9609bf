"""What is taken in of the objects of a kind, and what is left to its owner."""

import pytest

from slimgate.controller.intake import Intake
from slimgate.controller.ledger import Key
from slimgate.core.annotations import VERDICT
from slimgate.core.workload import TEMPLATE_PATHS
from tests.controller.fakes import DEPLOYMENT, World
from tests.engine.shelf import APP

KEY = Key("Deployment", "team", "web")


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
        judged=["Deployment", "Rollout"],
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
    ([{"kind": "Rollout", "controller": True}], False),
    ([{"kind": "Rollout", "controller": False}], True),
    ([{"kind": "Rollout"}], True),
    ([{"kind": "Stranger", "controller": True}], True),
    ([{"kind": "Stranger"}, {"kind": "Deployment", "controller": True}], False),
]


@pytest.mark.parametrize(("owners", "taken"), OWNERS)
def test_what_a_judged_kind_owns_is_left_to_it(
    world: World, intake: Intake, *, owners: object, taken: bool
) -> None:
    """Only a controller counts as its master, and only if its kind is judged."""
    intake.put(web(ownerReferences=owners))

    assert intake.takes({"ownerReferences": owners}) is taken
    assert list(world.ledger) == ([KEY] if taken else [])
