"""Everything that is written down about workloads, policies and exceptions, in one place."""

import logging
import socket
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from slimgate.cluster.annotations import annotate
from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ForbiddenError
from slimgate.cluster.events import Events, Notice
from slimgate.cluster.reports import Reports
from slimgate.cluster.resources import Served, Target
from slimgate.cluster.statuses import Statuses
from slimgate.core.status import Status
from slimgate.core.verdict import Verdict
from slimgate.core.workload import JsonObject, Workload
from slimgate.engine.catalog import Kind

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
        self._refused: dict[str, float] = {}
        self._reports = reports
        self._events = Events(api, instance or socket.gethostname(), now)
        self._statuses = Statuses(api, now)

    async def annotate(
        self, kind: Served, workload: Workload, annotations: Mapping[str, str | None]
    ) -> None:
        """Set the workload's own annotations, and remove those that are None."""
        refused = self._refused.get(workload.kind)
        if refused is not None and self._clock() < refused + _REFUSED_SECONDS:
            return
        try:
            await annotate(self._api, Target.workload(kind, workload), annotations)
        except ForbiddenError as error:
            if refused is None:
                _LOG.warning(
                    "%ss get no annotations: %s; grant the right, or set annotations to None",
                    workload.kind,
                    error,
                )
            self._refused[workload.kind] = self._clock()
        else:
            self._refused.pop(workload.kind, None)

    async def note(self, kind: Served, workload: Workload, note: Notice) -> None:
        """Emit an Event about the workload."""
        await self._events.post(Target.workload(kind, workload), note)

    async def report(self, kind: Served, workload: Workload, verdict: Verdict) -> None:
        """Write the workload's report, or remove it where no policy speaks of the workload."""
        await self._reports.record(Target.workload(kind, workload), verdict)

    async def unreport(self, kind: Served, workload: Workload) -> None:
        """Remove the report of a workload that is judged with another now."""
        await self._reports.leave(Target.workload(kind, workload))

    async def status(self, kind: Kind, resource: JsonObject, status: Status) -> None:
        """Write the status of a policy, an exception or a BaseImage."""
        await self._statuses.write(kind, resource, status)
