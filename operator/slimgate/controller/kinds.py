"""Which kinds of workloads are judged: the built-in ones, and those that settings add."""

from collections.abc import Set as AbstractSet

from slimgate.controller.intake import Intake
from slimgate.controller.owners import Owners
from slimgate.controller.reconciler import Reconciler
from slimgate.core.json_object import JsonObject, mapping_at
from slimgate.core.workloads.kinds import BUILT_IN, Kind
from slimgate.settings import Settings


class Kinds:
    """An intake for each kind: `built_in` ones, and `extra` ones that settings add."""

    def __init__(self, reconciler: Reconciler, settings: Settings) -> None:
        self._reconciler = reconciler
        self.owners = Owners(BUILT_IN, settings.extra_kinds)
        self._intakes = {
            kind: Intake(reconciler, kind, owners=self.owners) for kind in settings.kinds
        }
        self.built_in = tuple(self._intakes[kind] for kind in BUILT_IN)
        self.extra = tuple(self._intakes[kind] for kind in settings.extra_kinds)
        self.owners.listen(self._settle)

    def concerns(self, kind: Kind, event: str, obj: JsonObject) -> bool:
        """Whether kopf is to hear of an event of a built-in kind."""
        return not self._intakes[kind].spares(event, obj)

    def take(self, kind: Kind, obj: JsonObject) -> None:
        """Take an object of a built-in kind, if there is anything to do for it."""
        if self._intakes[kind].concerns(mapping_at(obj, "metadata")):
            self._intakes[kind].put(obj)

    def listed(self, kind: Kind, uids: AbstractSet[str]) -> None:
        """Hear which objects of a built-in kind there are."""
        self._intakes[kind].listed(uids)

    def _settle(self) -> None:
        for key, observed in self._reconciler.owned():
            self._intakes[key.kind].settle(key, observed)
