"""Judges workloads, and records verdicts on change only."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from slimgate.controller.changed import Changed
from slimgate.controller.ledger import Key, Ledger, Observed
from slimgate.controller.ports import Recorder, SilentWorkObserver, WorkObserver
from slimgate.controller.queue import WorkQueue
from slimgate.controller.rechecks import Rechecks
from slimgate.controller.recording import COPIES, Recording
from slimgate.core.errors import SlimgateError
from slimgate.core.images.facts import Digest
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.annotations import Annotate
from slimgate.core.wording.ways import DOCS
from slimgate.core.workloads.kinds import Kind
from slimgate.core.workloads.workload import Workload
from slimgate.engine.judge import Judge
from slimgate.engine.ports import Keyring
from slimgate.process.loop import Breath
from slimgate.process.stopping import PartGroup

_LOG: Final = logging.getLogger(__name__)
_TOGETHER_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcilerSettings:
    """Times in seconds; `docs` is the page that Events lead to."""

    workers: int = 32
    """The API server takes more writes a second of more at once, up to about so many."""
    reserve: int = 4
    """Workers besides that only take workloads that have changed: all others may be waiting for
    registries, or to write."""
    judge_seconds: float = 60.0
    drift_seconds: float = 300.0
    """How often an image is looked at again, since tags move: one workload is judged for all."""
    retry_seconds: float = 20.0
    """When to try again what could not be looked up for now, or could not be written."""
    docs: str = DOCS


@dataclass(frozen=True, slots=True)
class Retraction:
    """A workload that its owner's verdict covers now: its own report and annotations are to go."""

    observed: Observed
    annotated: bool


class Reconciler:
    """Queues workloads, has them judged and verdicts recorded; `run` starts its workers."""

    def __init__(
        self,
        *,
        judge: Judge,
        ledger: Ledger,
        keyring: Keyring,
        recorder: Recorder,
        settings: ReconcilerSettings,
        now: Callable[[], datetime],
        observer: WorkObserver | None = None,
    ) -> None:
        self._judge = judge
        self._ledger = ledger
        self._recording = Recording(recorder, ledger, docs=settings.docs, now=now)
        self._settings = settings
        self._observer = observer or SilentWorkObserver()
        self._retractions: dict[Key, Retraction] = {}
        self._gathered: tuple[int, set[str]] = (0, set())
        """How many keys had been taken when those of some namespaces were put, and which."""
        self._better: set[Digest] = set()
        self._has_better = asyncio.Event()
        self._breath = Breath()
        self.queue: WorkQueue[Key] = WorkQueue(self._observer.waited)
        self.rechecks = Rechecks(
            keyring=keyring,
            drift_seconds=settings.drift_seconds,
            retry_seconds=settings.retry_seconds,
            now=now,
        )
        self.bare = self._recording.bare
        self.changed = Changed()
        """Set whenever counts of verdicts may have changed."""

    def observe(self, key: Key, observed: Observed) -> None:
        """Take a workload as it is now; what is judged itself is no copy."""
        self._recording.copies.drop(key)
        if self._ledger.observe(key, observed):
            self.queue.put(key)

    def echoes(self, key: Key, observed: Observed) -> bool:
        """Take a workload as it is now, unless there is anything to do about it then."""
        record = self._ledger.get(key)
        if record is None or record.verdict is None:
            return False
        same = record.observed.workload == observed.workload
        return same and not self._ledger.observe(key, observed)

    def release(self, key: Key, observed: Observed, *, lasting: bool = True) -> None:
        """Judge a workload no longer itself, but with its owner, and remove what was written.

        If that is not `lasting`, the workload is held: its owner may not stay judged.
        """
        uid, record = observed.workload.uid, self._ledger.get(key)
        first = lasting or not self._ledger.holds(key, uid)
        known = self._forget(key, uid)
        if not lasting:
            self._ledger.hold(key, observed)
        judged = known and record is not None and record.is_marked
        # Whoever writes our annotations again and again copies them from the owner.
        if judged or (first and observed.is_marked):
            ours = self._ledger.annotate is not Annotate.NONE
            annotated = ours and (judged or observed.kind != COPIES)
            self._retractions[key] = Retraction(observed, annotated)
            self.queue.put(key)

    def copied(self, key: Key, observed: Observed) -> None:
        """Take a ReplicaSet that its owner's verdict covers: it loses what the owner lacks."""
        self._recording.copied(key, observed)

    def owned(self) -> Sequence[tuple[Key, Observed]]:
        """List all workloads that have an owner, those that are held for it too."""
        return self._ledger.owned()

    def drop(self, key: Key, uid: str | None = None) -> bool:
        """Forget a workload, with `uid` only that very one; whether it was known.

        Kubernetes collects what belongs to it.
        """
        self._recording.copies.drop(key, uid)
        retraction = self._retractions.get(key)
        if retraction is not None and uid in {None, retraction.observed.workload.uid}:
            del self._retractions[key]
        known = self._forget(key, uid)
        if key not in self._ledger and key not in self._retractions:
            # Nobody takes keys while another controller leads.
            self.queue.drop(key)
            self.bare.drop(key)
        return known

    def _forget(self, key: Key, uid: str | None) -> bool:
        if not self._ledger.drop(key, uid):
            return False
        self.rechecks.drop(key)
        self.changed.set()
        return True

    def has(self, key: Key) -> bool:
        """Whether there is such a workload, judged itself or held for its owner."""
        return self._ledger.has(key)

    def knows(self, key: Key) -> bool:
        """Whether anything is known of it, be it what it has copied."""
        return self.has(key) or key in self._recording.copies

    def uids(self, kind: Kind) -> Mapping[Key, str]:
        """Return all of a kind that anything is known of, with their uids."""
        copies = self._recording.copies.uids() if kind == COPIES else {}
        return {**copies, **self._ledger.uids(kind)}

    def judge_all(self, namespace: str = "") -> None:
        """Judge every workload again, or those of one namespace."""
        since, gathered = self._gathered
        if since != self.queue.taken:
            since, gathered = self._gathered = self.queue.taken, set()
        if not gathered.isdisjoint({"", namespace}):
            return  # policies that come by the hundred are one change: nothing was taken since
        gathered.add(namespace)
        for key in self._ledger.within(namespace) if namespace else self._ledger:
            self.queue.put(key, again=True)

    def record_anew(self, uid: str | None = None) -> None:
        """Write again what was written of all, or of one workload."""
        if uid is None:
            self.judge_all()
        elif (key := self._ledger.of_uid(uid)) is not None:
            self.queue.put(key)

    def facts_changed(self, digest: Digest) -> None:
        """Hear that facts of a manifest are others: what rests on them is judged again, at once.

        Nothing does while nothing has been judged, as while another controller leads.
        """
        if self._ledger.judged_count or self.queue.active:
            self._better.add(digest)
            self._has_better.set()

    async def run(self) -> None:
        """Work until cancelled; until then what is observed is only remembered."""
        self._recording.begin()
        self.queue.begin()
        async with PartGroup() as tasks:
            for number in range(self._settings.workers + self._settings.reserve):
                tasks.create_task(self._work(only_news=number >= self._settings.workers))
            tasks.create_task(self._strip())
            tasks.create_task(self._recheck())
            tasks.create_task(self._follow_facts())

    async def _follow_facts(self) -> None:
        while True:
            await self._has_better.wait()
            self._has_better.clear()
            better, self._better = self._better, set()
            for key in self._ledger.resting_on(better):
                self.queue.put(key, again=True)
            # Facts that come by the thousand, as from another replica, are gone through together.
            await asyncio.sleep(_TOGETHER_SECONDS)

    async def _recheck(self) -> None:
        while True:
            await self.rechecks.schedule.wait()
            for key in self.rechecks.due():
                self.queue.put(key, again=True)

    async def _work(self, *, only_news: bool) -> None:
        while True:
            # All may be answered from memory, and others are to have their turns between.
            await self._breath.take()
            key = await self.queue.take(only_news=only_news)
            started, failed = time.monotonic(), True
            try:
                with self._tried_again_later(key):
                    await self._reconcile(key)
                    failed = False
            finally:
                self.queue.done(key)
                self._observer.reconciled(time.monotonic() - started, failed=failed)

    async def _strip(self) -> None:
        """Rid ReplicaSets of copies, one after the other: nobody waits for that."""
        while True:
            key = await self.bare.take()
            try:
                with self._tried_again_later(key):
                    await self._recording.strip(key)
            finally:
                self.bare.done(key)

    @contextmanager
    def _tried_again_later(self, key: Key) -> Iterator[None]:
        try:
            yield
        except SlimgateError as error:
            _LOG.warning("%s %s/%s: %s", key.kind.kind, key.namespace, key.name, error)
            self.rechecks.schedule.put(key, self._settings.retry_seconds)
        except Exception:  # noqa: BLE001 - one workload's trouble must not stop the others
            _LOG.exception("%s %s/%s could not be judged", key.kind.kind, key.namespace, key.name)
            self.rechecks.schedule.put(key, self._settings.retry_seconds)

    async def _reconcile(self, key: Key) -> None:
        record = self._ledger.get(key)
        if record is None:
            await self._take_back(key)
            return
        self._retractions.pop(key, None)
        observed = record.observed
        verdict = await self._verdict(observed.workload)
        # Nothing is waited for between here and the plan: who is gone would be planned for ever.
        identity = await self.rechecks.identity(observed.workload)
        before = record.verdict
        judged = self._ledger.judged(key, observed, verdict)
        if judged is None:
            return  # it is gone, or another by now, and then it waits to be judged
        if before is None or not verdict.counts_as(before):
            self.changed.set()
        for other in self.rechecks.plan(key, verdict, identity):
            self.queue.put(other, again=True)
        await self._recording.record(key, judged, verdict)

    async def _verdict(self, workload: Workload) -> Verdict:
        started = time.monotonic()
        verdict = await self._judge.judge(workload, seconds=self._settings.judge_seconds)
        self._observer.reached_verdict(time.monotonic() - started)
        return verdict

    async def _take_back(self, key: Key) -> None:
        """Remove what was written, unless it is judged again meanwhile."""
        retraction = self._retractions.get(key)
        if retraction is None:
            return
        await self._recording.take_back(retraction.observed, annotated=retraction.annotated)
        if self._retractions.get(key) is retraction:
            del self._retractions[key]
