"""Which kinds of workloads are judged: the built-in ones, and those that settings add."""

from slimgate.controller.intake import Intake
from slimgate.controller.owners import Owners
from slimgate.controller.reconciler import Reconciler
from slimgate.core.workloads.kinds import BUILT_IN
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

    def _settle(self) -> None:
        for key, observed in self._reconciler.owned():
            self._intakes[key.kind].settle(key, observed)
