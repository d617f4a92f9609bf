"""Keeps the status of policies and exceptions true, a moment after what it counts has changed."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from slimgate.controller.ledger import Ledger
from slimgate.controller.ports import Recorder
from slimgate.core.errors import ClusterError, ImageError
from slimgate.core.reference import Reference
from slimgate.core.status import ExceptionStatus, PolicyStatus
from slimgate.engine.catalog import Catalog

_LOG: Final = logging.getLogger(__name__)
_PAUSE: Final = 1.0
"""Seconds to gather changes in: a status is for people and dashboards."""
_PATIENCE: Final = 15
"""Pauses after the start in which counts of all workloads are waited for; a guess."""
_EMPTY: Final = 3
"""The same while no workload has been seen at all: there may be none."""
_REPEAT: Final = 30.0
"""Seconds after which what could not be written, or has expired, is looked at again."""


class Statuses:
    """Writes statuses whenever `changed` is set."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        ledger: Ledger,
        recorder: Recorder,
        missing_bases: Callable[[], Mapping[Reference, ImageError]],
        changed: asyncio.Event,
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._ledger = ledger
        self._recorder = recorder
        self._missing_bases = missing_bases
        self._changed = changed
        self._now = now

    async def run(self) -> None:
        """Work until cancelled."""
        await self._settle()
        while True:
            try:
                async with asyncio.timeout(_REPEAT):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            await self.write()
            await asyncio.sleep(_PAUSE)

    async def _settle(self) -> None:
        """Wait until what there is has been judged once: a part of it would make wrong counts."""
        looks = 0
        while looks < (_PATIENCE if len(self._ledger) else _EMPTY) and not self._ledger.is_judged:
            await asyncio.sleep(_PAUSE)
            looks += 1

    async def write(self) -> None:
        """Write what differs from what the resources hold."""
        for key in list(self._catalog.resources):
            try:
                await self._write(*key)
            except ClusterError as error:
                _LOG.warning("the status of %s could not be written: %s", key[1], error)

    async def _write(self, namespace: str, name: str) -> None:
        resource = self._catalog.resources.get((namespace, name))
        if resource is None:
            return  # it went while others were written
        if namespace:
            await self._recorder.exception_status(resource, self.exception(namespace, name))
        else:
            await self._recorder.policy_status(resource, self.policy(name))

    def policy(self, name: str) -> PolicyStatus:
        """Say what a policy's status should be."""
        if (error := self._catalog.broken.get(name)) is not None:
            return PolicyStatus(error=str(error))
        policy = self._catalog.policies[name]
        missing = self._missing_bases()
        known = policy.bases.known if policy.bases else ()
        faults = tuple(
            f"{base.reference}: {missing[base.reference]}"
            for base in known
            if base.reference in missing
        )
        return replace(self._ledger.policy_status(name), faults=faults)

    def exception(self, namespace: str, name: str) -> ExceptionStatus:
        """Say what an exception's status should be."""
        key = (namespace, name)
        if (error := self._catalog.broken_exceptions.get(key)) is not None:
            return ExceptionStatus(error=str(error))
        exception = self._catalog.exceptions[key]
        if self._now() >= exception.expires:
            return ExceptionStatus(expired=True)
        return self._ledger.exception_status(exception)
