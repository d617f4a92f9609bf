"""Which kinds of workloads are judged, and how those are followed that settings add.

kopf watches the built-in ones. It looks for a kind of others once for each event of its
CustomResourceDefinition, which may come before the kind is served, and ends when it goes (ADR 8).
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.backoff import Pace
from slimgate.cluster.mirror import Mirror, Scope
from slimgate.controller.intake import Intake
from slimgate.controller.owners import Owners
from slimgate.controller.reconciler import Reconciler
from slimgate.core.workloads.kinds import BUILT_IN
from slimgate.settings import Settings

_LOOK_SECONDS: Final = 5.0
"""Between two looks for a kind that is not served, which cost one request each."""
_TRY_SECONDS: Final = 30.0
"""A kind whose conversion webhook is down can't be listed, and must not hold up the others."""


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

    def mirrors(self, api: ClusterApi, pace: Pace | None = None) -> Mapping[str, Mirror]:
        """Make a mirror for each extra kind, which follows it whenever the cluster serves it."""
        return {
            intake.kind.resource: self._mirror(api, intake, pace or Pace(cap=_LOOK_SECONDS))
            for intake in self.extra
        }

    def _mirror(self, api: ClusterApi, intake: Intake, pace: Pace) -> Mirror:
        kind = intake.kind
        return Mirror(
            api,
            Scope(path=kind.all(), optional=True),
            intake,
            pace=pace,
            on_follow=partial(self.owners.follow, kind),
        )

    def _settle(self) -> None:
        for key, observed in self._reconciler.owned():
            self._intakes[key.kind].settle(key, observed)


async def tried(mirrors: Iterable[Mirror], seconds: float = _TRY_SECONDS) -> None:
    """Wait until it is known which kinds can be followed; no longer than `seconds`.

    Else what they have made would be judged at each start, until they are judged instead.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            for mirror in mirrors:
                await mirror.tried.wait()
