"""The cluster's side of the controller, in memory: it remembers what was written, and may refuse.

Verdicts come from the real engine, over images in memory.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from slimgate.controller.ledger import Key, Ledger, Observed, Record
from slimgate.controller.reconciler import Reconciler, ReconcilerSettings
from slimgate.core.errors import ClusterError
from slimgate.core.images.facts import Digest, ImageFacts
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.policies.finding import Outcome
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.annotations import SUMMARY, VERDICT, Annotate
from slimgate.core.wording.notes import Note
from slimgate.core.wording.status import Status
from slimgate.core.workloads.kinds import BUILT_IN, DEPLOYMENTS, Kind
from slimgate.core.workloads.workload import Workload
from slimgate.engine.catalog import Catalog
from slimgate.engine.judge import Judge
from slimgate.engine.objects import OwnKind
from tests.engine.cluster import Keys, policy
from tests.engine.shelf import APP, REGISTRY, Door, Shelf, inspector, tiny, until
from tests.support import images
from tests.support.clock import Clock

DEPLOYMENT = DEPLOYMENTS
FAT = f"{REGISTRY}/team/fat:1"
NOISE = bytes((i * i * 31 + i // 7) % 256 for i in range(40_000))
LIMIT = {"pullSize": {"deny": "10Ki"}}
Annotations = Mapping[str, str | None]


def key_of(workload: Workload) -> Key:
    """Name a workload."""
    (kind,) = (one for one in BUILT_IN if one.kind == workload.kind)
    return Key(kind, workload.namespace, workload.name)


def observed(
    workload: Workload, annotations: Annotations | None = None, created: datetime | None = None
) -> Observed:
    """Show a workload as the API server would."""
    carried = annotations or {}
    return Observed(
        kind=DEPLOYMENT,
        workload=workload,
        verdict=carried.get(VERDICT),
        summary=carried.get(SUMMARY),
        created=created,
    )


def fat() -> images.Image:
    """Make an image beyond the limit."""
    return images.image([images.layer({"fat": NOISE}, compression="none")])


@dataclass
class Recorder:
    """Writes down what is written, in its order, and refuses what `faults` names.

    They name what is written or, of annotations, the kind of what is annotated; `doors` likewise.
    """

    written: list[tuple[str, object]] = field(default_factory=list)
    faults: dict[str, Exception] = field(default_factory=dict)
    doors: dict[str, Door] = field(default_factory=dict)
    on_annotate: Callable[[Workload, Annotations], None] | None = None
    on_report: Callable[[], object] | None = None
    """Called once, with the first report."""

    async def annotate(self, kind: Kind, workload: Workload, annotations: Annotations) -> None:
        """Set annotations."""
        assert kind in BUILT_IN
        await self._write("annotate", (workload.name, annotations[VERDICT]), kind.kind)
        if self.on_annotate is not None:
            self.on_annotate(workload, annotations)

    async def note(self, kind: Kind, workload: Workload, note: Note) -> None:
        """Emit an Event."""
        assert kind in BUILT_IN
        await self._write("note", (workload.name, note.reason))

    async def report(self, kind: Kind, workload: Workload, verdict: Verdict) -> None:
        """Write a report."""
        assert kind in BUILT_IN
        await self._write("report", (workload.name, verdict.outcome.label))
        if (hear := self.on_report) is not None:
            self.on_report = None
            hear()

    async def unreport(self, kind: Kind, workload: Workload) -> None:
        """Remove a report."""
        assert kind in BUILT_IN
        await self._write("report", (workload.name, None))

    async def status(self, kind: OwnKind, resource: JsonObject, status: Status) -> None:
        """Write a status."""
        del kind
        await self._write(text_at(mapping_at(resource, "metadata"), "name"), status)

    def of(self, *kinds: str) -> list[tuple[str, object]]:
        """Give what was written of some kinds, and forget everything."""
        found = [one for one in self.written if one[0] in kinds]
        self.written.clear()
        return found

    async def _write(self, kind: str, what: object, of: str = "") -> None:
        self.written.append((kind, what))
        for one in (kind, of):
            if one in self.doors:
                await self.doors[one].enter()
            if one in self.faults:
                raise self.faults[one]


@dataclass
class Wall:
    """A clock on the wall."""

    now: datetime = datetime(2026, 11, 25, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class Times:
    """Remembers how often the reconciler told of its work."""

    waits: int = 0
    verdicts: int = 0
    ended: list[str] = field(default_factory=list)

    def waited(self, seconds: float) -> None:
        """Count one that has waited."""
        assert seconds >= 0
        self.waits += 1

    def reached_verdict(self, seconds: float) -> None:
        """Count a verdict."""
        assert seconds >= 0
        self.verdicts += 1

    def reconciled(self, seconds: float, *, failed: bool) -> None:
        """Count an end."""
        assert seconds >= 0
        self.ended.append("failed" if failed else "done")


class World:
    """A reconciler at work in a cluster of few words; its API server sends back what it takes."""

    def __init__(self, annotate: Annotate = Annotate.OVER_POLICY, **settings: float) -> None:
        self.shelf, self.clock, self.wall = Shelf(), Clock(), Wall()
        self.shelf.put(APP, tiny("slim"))
        self.shelf.put(FAT, fat())
        self.catalog = Catalog()
        self.catalog.put_policy(policy(limits=LIMIT))
        self.times = Times()
        self.recorder = Recorder(on_annotate=self._annotated)
        self.ledger = Ledger(annotate)
        self.inspector = inspector(self.shelf, self.clock)
        self.keys = Keys()
        self.judge = Judge(
            inspector=self.inspector, catalog=self.catalog, keyring=self.keys, now=self.wall
        )
        self.reconciler = Reconciler(
            judge=self.judge,
            ledger=self.ledger,
            keyring=self.keys,
            recorder=self.recorder,
            settings=ReconcilerSettings(**settings),  # type: ignore[arg-type]
            now=self.wall,
            observer=self.times,
        )
        self.catalog.listen(lambda _, namespace: self.reconciler.judge_all(namespace))

    def show(
        self,
        workload: Workload,
        annotations: Annotations | None = None,
        created: datetime | None = None,
    ) -> Key:
        """Have the reconciler observe a workload."""
        key = key_of(workload)
        self.reconciler.observe(key, observed(workload, annotations, created))
        return key

    async def seen(
        self,
        workload: Workload,
        annotations: Annotations | None = None,
        created: datetime | None = None,
    ) -> Key:
        """Have a workload be observed, and wait until nothing is left to do."""
        key = self.show(workload, annotations, created)
        await self.quiet()
        return key

    async def judged_again(self) -> None:
        """Have all be judged anew, and wait until nothing is left to do."""
        self.reconciler.judge_all()
        await self.quiet()

    def record(self, key: Key) -> Record:
        """Tell what is known of a workload."""
        record = self.ledger.get(key)
        assert record is not None
        return record

    def outcome(self, key: Key) -> Outcome | None:
        """Tell the verdict on a workload."""
        verdict = self.record(key).verdict
        return None if verdict is None else verdict.outcome

    @asynccontextmanager
    async def running(self) -> AsyncIterator["World"]:
        """Let the reconciler work."""
        task = asyncio.create_task(self.reconciler.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def quiet(self) -> None:
        """Wait until nothing is left to do for now."""
        queues = self.reconciler.queue, self.reconciler.bare
        await until(lambda: not any(queue.waiting + queue.active for queue in queues))

    def _annotated(self, workload: Workload, annotations: Annotations) -> None:
        if key_of(workload) in self.ledger:
            self.show(workload, annotations)


@dataclass
class Store:
    """Keeps profiles in memory, and refuses those of some digests."""

    kept: dict[Digest, ImageFacts] = field(default_factory=dict)
    images: dict[Digest, str | None] = field(default_factory=dict)
    refused: set[Digest] = field(default_factory=set)
    asked: list[Digest] = field(default_factory=list)

    def digests(self) -> frozenset[Digest]:
        """List what is kept."""
        return frozenset(self.kept)

    def keeps(self, digest: Digest) -> bool:
        """Whether facts of a manifest are kept."""
        return digest in self.kept

    async def put(self, facts: ImageFacts, image: str | None) -> None:
        """Keep facts, and what people know them by."""
        assert facts.digest is not None
        self._ask(facts.digest)
        self.kept[facts.digest] = facts
        self.images[facts.digest] = image

    async def drop(self, digest: Digest) -> None:
        """Forget facts."""
        self._ask(digest)
        del self.kept[digest]

    def _ask(self, digest: Digest) -> None:
        self.asked.append(digest)
        if digest in self.refused:
            raise ClusterError("the API server does not take it")
