"""Which kinds are judged; tests/live follows those that settings add in a real cluster."""

from slimgate.app.kinds import make_intakes
from slimgate.controller.handlers import BUILT_IN
from slimgate.controller.ledger import Key
from slimgate.controller.ports import Kind
from slimgate.core.workload import JsonObject
from slimgate.settings import ExtraKind, Settings
from tests.controller.fakes import World
from tests.engine.shelf import APP

ROLLER = ExtraKind(
    group="rollers.example.com",
    version="v1",
    plural="rollers",
    kind="Roller",
    template_path=("spec", "workload", "template"),
)
OWNER = {"apiVersion": "rollers.example.com/v1", "kind": "Roller", "controller": True}
OWNED: JsonObject = {"ownerReferences": [OWNER]}


def test_kinds_of_others_come_beside_the_built_in_ones() -> None:
    """Each has an intake of its own, and what they make is left to them."""
    reconciler = World().reconciler
    built_in, extra = make_intakes(reconciler, Settings(extra_kinds=(ROLLER,)))
    alone, none = make_intakes(reconciler, Settings())

    assert tuple(one.kind for one in built_in) == BUILT_IN
    assert [one.kind for one in extra] == [
        Kind("rollers.example.com", "v1", "rollers", "Roller"),
    ]
    assert not any(one.takes(OWNED) for one in built_in)
    assert all(one.takes(OWNED) for one in alone)
    assert none == ()


def test_a_kind_of_others_is_read_where_settings_say() -> None:
    """Its pod template is found, and it is known by its own kind."""
    world = World()
    _, (intake,) = make_intakes(world.reconciler, Settings(extra_kinds=(ROLLER,)))
    template = {"spec": {"containers": [{"name": "main", "image": APP}]}}

    intake.put(
        {
            "metadata": {"namespace": "team", "name": "web"},
            "spec": {"workload": {"template": template}},
        }
    )

    record = world.ledger.get(Key("Roller", "team", "web"))
    assert record is not None
    assert [use.reference for use in record.observed.workload.images] == [APP]
