"""Everything that is written down about workloads, policies and exceptions, in one place."""

import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from slimgate.cluster.annotations import annotate
from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ForbiddenError
from slimgate.cluster.events import Events
from slimgate.cluster.reports import Reports
from slimgate.cluster.resources import Target
from slimgate.cluster.statuses import StatusWriter
from slimgate.core.json_object import JsonObject
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.notes import Note
from slimgate.core.wording.status import Status
from slimgate.core.workloads.kinds import Kind
from slimgate.core.workloads.workload import Workload
from slimgate.engine.objects import OwnKind

_LOG: Final = logging.getLogger(__name__)
_REFUSED_SECONDS: Final = 300.0
"""How long kinds that may not be annotated are left alone; rights may be granted meanwhile."""


class Records:
    """Writes on change only. What is gone is no error; ClusterError if a write was not taken.

    A missing right to annotate workloads is no error either: some clusters never grant it.
    """

    def __init__(
        self,
        api: ClusterApi,
        reports: Reports,
        *,
        instance: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._clock = clock
        self._refused: dict[Kind, float] = {}
        self._reports = reports
        self._events = Events(api, instance or socket.gethostname(), now)
        self._statuses = StatusWriter(api, now)

    async def annotate(
        self, kind: Kind, workload: Workload, annotations: Mapping[str, str | None]
    ) -> None:
        """Set the workload's own annotations, and remove those that are None."""
        async with self._where_permitted(kind) as permitted:
            if permitted:
                await annotate(self._api, Target.workload(kind, workload), annotations)

    @asynccontextmanager
    async def _where_permitted(self, kind: Kind) -> AsyncIterator[bool]:
        """Say whether to try; a right that is missing is said once, and not tried for a while."""
        refused = self._refused.get(kind)
        if refused is not None and self._clock() < refused + _REFUSED_SECONDS:
            yield False
            return
        try:
            yield True
        except ForbiddenError as error:
            if refused is None:
                _LOG.warning(
                    "annotations of %ss stay as they are: %s; grant the right, or set annotations "
                    "to None",
                    kind.kind,
                    error,
                )
            self._refused[kind] = self._clock()
        else:
            self._refused.pop(kind, None)

    async def note(self, kind: Kind, workload: Workload, note: Note) -> None:
        """Emit an Event about the workload."""
        await self._events.post(Target.workload(kind, workload), note)

    async def report(self, kind: Kind, workload: Workload, verdict: Verdict) -> None:
        """Write the workload's report, or remove it where no policy speaks of the workload."""
        await self._reports.record(Target.workload(kind, workload), verdict)

    async def unreport(self, kind: Kind, workload: Workload) -> None:
        """Remove the report of a workload that is judged with another now."""
        await self._reports.withdraw(Target.workload(kind, workload))

    async def status(self, kind: OwnKind, resource: JsonObject, status: Status) -> None:
        """Write the status of a policy, an exception or a BaseImage."""
        await self._statuses.write(kind, resource, status)
