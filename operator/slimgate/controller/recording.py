"""Records verdicts of workloads: by an Event, annotations and a report, on change only."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from slimgate.controller.copies import Copies
from slimgate.controller.ledger import Key, Ledger, Observed, Record
from slimgate.controller.ports import Recorder
from slimgate.controller.queue import WorkQueue
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.annotations import NO_ANNOTATIONS, VERDICT, Annotate
from slimgate.core.wording.notes import note_of
from slimgate.core.workloads.kinds import REPLICA_SETS

_LOG: Final = logging.getLogger(__name__)
_TOLD: Final = timedelta(minutes=1)
"""Before the start: who worked until then may not have told of what was younger, as it ended."""
COPIES: Final = REPLICA_SETS
"""They get their owner's annotations anew from Kubernetes whenever they lack them."""


class Recording:
    """Writes down what the ledger has, and keeps copies of it from staying too long.

    `docs` is the page that Events lead to.
    """

    def __init__(
        self, recorder: Recorder, ledger: Ledger, *, docs: str, now: Callable[[], datetime]
    ) -> None:
        self._recorder = recorder
        self._ledger = ledger
        self._docs = docs
        self._now = now
        self._started = now()
        self.copies = Copies()
        self.bare = WorkQueue[Key]()
        """Owners whose copies are to go, once what is waited for is written."""

    def begin(self) -> None:
        """Take it that an earlier run has told of what was there until now."""
        self._started = self._now() - _TOLD

    def copied(self, key: Key, observed: Observed) -> None:
        """Take a ReplicaSet that its owner's verdict covers: it loses what the owner lacks."""
        uid = self.copies.put(key, observed)
        owner = None if uid is None else self._ledger.of_uid(uid)
        record = None if owner is None else self._ledger.get(owner)
        if owner is not None and record is not None and self._is_bare(record):
            self.bare.put(owner)

    async def record(self, key: Key, record: Record, verdict: Verdict) -> None:
        """Write a verdict down; the Event first, since the annotation says it was written."""
        observed, says = record.observed, record.says
        before = record.said or observed.annotations
        if says != before:
            note = note_of(before, verdict, self._docs)
            if note is not None and not self._was_told(record):
                await self._recorder.note(observed.kind, observed.workload, note)
                _LOG.info("%s: %s", observed.workload, says[VERDICT] or "no policy")
        if says != record.said:
            self._ledger.said(key, observed, says)
        lacking = self._ledger.lacks(observed, says)
        if lacking is not None:
            await self._recorder.annotate(observed.kind, observed.workload, lacking)
        if self._is_bare(record) and self.copies.of(observed.workload.uid):
            self.bare.put(key)
        await self._recorder.report(observed.kind, observed.workload, verdict)

    async def take_back(self, observed: Observed, *, annotated: bool) -> None:
        """Remove what was written; annotations after the report, since a restart goes by them.

        Copies of them are last: Kubernetes would make them anew.
        """
        kind, workload = observed.kind, observed.workload
        await self._recorder.unreport(kind, workload)
        if annotated:
            await self._recorder.annotate(kind, workload, NO_ANNOTATIONS)
            await self._strip_copies(workload.uid)
        _LOG.info("%s is no longer judged by itself; what was said of it is removed", workload)

    async def strip(self, key: Key) -> None:
        """Rid ReplicaSets of what their owner is not to carry, if that is still so."""
        record = self._ledger.get(key)
        if record is not None and self._is_bare(record):
            await self._strip_copies(record.observed.workload.uid)

    def _is_bare(self, record: Record) -> bool:
        """Whether a workload was judged, and is to carry nothing."""
        return record.verdict is not None and self._ledger.wanted(record.says) == NO_ANNOTATIONS

    async def _strip_copies(self, owner: str) -> None:
        for key, copy in self.copies.of(owner):
            await self._recorder.annotate(copy.kind, copy.workload, NO_ANNOTATIONS)
            self.copies.drop(key, copy.workload.uid)

    def _was_told(self, record: Record) -> bool:
        """Whether an earlier run may have told of a workload that carries no word of it.

        Where nothing is annotated, each start would tell of all that is over policy once more.
        """
        created = record.observed.created
        first = record.said is None and self._ledger.annotate is Annotate.NONE
        return first and created is not None and created < self._started
