"""Which kinds of workloads are judged, and how those are followed that settings add.

kopf watches the built-in ones. It looks for a kind of others once for each event of its
CustomResourceDefinition, which may come before the kind is served, and ends when it goes (ADR 12).
"""

from collections.abc import Iterable, Iterator
from typing import Final

from slimgate.app.parts import template_paths
from slimgate.cluster.api import ClusterApi
from slimgate.cluster.backoff import Pace
from slimgate.cluster.mirror import Mirror, Scope
from slimgate.cluster.resources import Resource
from slimgate.controller.handlers import BUILT_IN
from slimgate.controller.intake import Intake
from slimgate.controller.ports import Kind
from slimgate.controller.reconciler import Reconciler
from slimgate.settings import Settings

_LOOK_SECONDS: Final = 5.0
"""Between two looks for a kind that is not served, which cost one request each."""


def make_intakes(
    reconciler: Reconciler, settings: Settings
) -> tuple[tuple[Intake, ...], tuple[Intake, ...]]:
    """Make an intake for each built-in kind, and one for each that settings add."""
    extra = tuple(Kind(k.group, k.version, k.plural, k.kind) for k in settings.extra_kinds)
    judged = (*BUILT_IN, *extra)
    paths = template_paths(settings)

    def make(kinds: Iterable[Kind]) -> tuple[Intake, ...]:
        return tuple(
            Intake(reconciler, kind, judged=judged, template_paths=paths) for kind in kinds
        )

    return make(BUILT_IN), make(extra)


def extra_mirrors(
    api: ClusterApi, intakes: Iterable[Intake], pace: Pace | None = None
) -> Iterator[Mirror]:
    """Have each kind followed whenever the cluster serves it."""
    for intake in intakes:
        kind = intake.kind
        resource = Resource(
            group=kind.group, version=kind.version, kind=kind.name, plural=kind.plural
        )
        scope = Scope(path=resource.all(), optional=True)
        yield Mirror(api, scope, intake, pace=pace or Pace(cap=_LOOK_SECONDS))
