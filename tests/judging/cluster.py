"""The roles of the cluster, each as in a process of its own: webhook and controller."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from slimgate.controller.kinds import Kinds
from slimgate.controller.ledger import Ledger
from slimgate.controller.reconciler import Reconciler, ReconcilerSettings
from slimgate.core.assemble import coverage
from slimgate.core.images.facts import Digest, ImageFacts, Wants
from slimgate.core.images.memory import from_json, to_json
from slimgate.core.images.profile import from_profile, to_profile
from slimgate.core.json_object import JsonObject
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.annotations import VERDICT
from slimgate.core.wording.notes import Note
from slimgate.core.wording.status import Status
from slimgate.core.workloads.kinds import Kind
from slimgate.core.workloads.workload import Workload, group_of
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from slimgate.engine.objects import OwnKind
from slimgate.engine.ports import Place
from slimgate.settings import Settings
from slimgate.webhook.ports import History
from slimgate.webhook.service import AdmissionService, ServiceSettings
from tests.engine.cluster import Keys
from tests.engine.shelf import until
from tests.judging.cells import Admission, brief, whole
from tests.judging.rows import NAMESPACE, Json, Row
from tests.judging.stock import Registry
from tests.support.clock import Clock
from tests.webhook.reviews import Answered


def _extra(group: str, version: str, plural: str, kind: str) -> Kind:
    return Kind(
        group=group, version=version, plural=plural, kind=kind, template=("spec", "template")
    )


SETTINGS: Final = Settings(
    extra_kinds=(
        _extra("argoproj.io", "v1alpha1", "rollouts", "Rollout"),
        _extra("batch.volcano.sh", "v1alpha1", "jobs", "Job"),
    )
)


class Process:
    """What both roles have: a catalog as mirrors fill it, an inspector and a judge."""

    def __init__(self, row: Row, registry: Registry, clock: Clock) -> None:
        self.row = row
        self.catalog = _catalog(row)
        self.inspector = Inspector(registry, clock=clock)
        self.keys = Keys()
        self.judge = Judge(
            inspector=self.inspector,
            catalog=self.catalog,
            keyring=self.keys,
            now=lambda: datetime.now(UTC),
            seconds=5,
            namespaces=_Namespaces(row),
        )

    def start_as(self, other: "Process", digests: Iterable[Digest]) -> None:
        """Begin with what another process has left in profiles and kept answers."""
        for digest in digests:
            known = other.inspector.reader.known(digest, Wants())
            if isinstance(known, ImageFacts) and known.base.unread is None:
                written = to_profile(known)["facts"]
                assert isinstance(written, dict)
                kept = from_profile(written).facts
                assert kept is not None
                self.inspector.reader.remember(kept, coverage(kept))
        self.inspector.restore(from_json(to_json(other.inspector.memory())))

    async def close(self) -> None:
        """End what is under way."""
        await self.judge.close()
        await self.inspector.close()


class Webhook(Process):
    """Answers reviews; `history` knows what workloads ran before."""

    history: History | None = None

    async def admit(self, new: Json, old: Json | None = None) -> Admission:
        """Have the API server ask, for an update where there is an old object."""
        listening = _Listening(self.judge)
        service = AdmissionService(
            listening,
            self.catalog,
            history=self.history,
            settings=ServiceSettings(template_paths=SETTINGS.template_paths),
        )
        answered = Answered.of(await service.answer(_review(new, old), 5))
        verdict = listening.verdict
        await listening.compare()
        return Admission(
            findings=() if verdict is None else whole(verdict),
            brief=() if verdict is None else brief(verdict),
            allowed=answered.allowed,
            message=answered.message.removeprefix("slimgate: "),
            warnings=answered.warnings,
        )


class Controller(Process):
    """Judges what runs, and writes it down."""

    def __init__(self, row: Row, registry: Registry, clock: Clock) -> None:
        super().__init__(row, registry, clock)
        self.recorder = _Recorder()
        self.ledger = Ledger()
        self.reconciler = Reconciler(
            judge=self.judge,
            ledger=self.ledger,
            keyring=self.keys,
            recorder=self.recorder,
            settings=ReconcilerSettings(),
            now=lambda: datetime.now(UTC),
        )
        self.inspector.reader.listen(self.reconciler.facts_changed)

    @asynccontextmanager
    async def running(self, new: Json) -> AsyncIterator[None]:
        """Let it work in a cluster that has the workload."""
        kinds = Kinds(self.reconciler, SETTINGS)
        group = group_of(new["apiVersion"])
        (intake,) = (
            one
            for one in (*kinds.built_in, *kinds.extra)
            if one.kind.group_kind == (group, new["kind"])
        )
        self.recorder.on_annotate = lambda annotations: intake.put(
            {**new, "metadata": {**new["metadata"], "annotations": annotations}}
        )
        intake.put(new)
        task = asyncio.create_task(self.reconciler.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def refresh_bases(self) -> None:
        """Look BaseImages up, and judge all again if something else is known of them."""
        bases, before = self.inspector.bases, self.inspector.bases.news
        await bases.refresh(self.catalog.base_images, self.catalog.platforms)
        if bases.news != before:
            self.reconciler.judge_all()

    async def verdict(self) -> Verdict:
        """Wait until nothing is left to do, and tell the verdict."""
        queue = self.reconciler.queue
        await until(lambda: not queue.waiting + queue.active)
        (verdict,) = self.ledger.verdicts()
        return verdict


@dataclass(frozen=True)
class _Namespaces:
    row: Row

    async def labels(self, namespace: str) -> Mapping[str, str]:
        """Read the labels that the row's namespace has."""
        assert namespace == NAMESPACE
        return self.row.labels


@dataclass
class _Listening:
    real: Judge
    verdict: Verdict | None = None
    asked: list[tuple[Workload, Workload | None]] = field(default_factory=list)

    def at_hand(self, workload: Workload, *, old: Workload | None = None) -> Verdict | None:
        """Keep what is found, if it is."""
        self.asked.append((workload, old))
        self.verdict = self.real.at_hand(workload, old=old)
        return self.verdict

    async def compare(self) -> None:
        """See that what is at hand by now is what is judged."""
        for workload, old in self.asked:
            if (known := self.real.at_hand(workload, old=old)) is not None:
                assert known == await self.real.judge(workload, old=old)

    async def judge(
        self,
        workload: Workload,
        *,
        old: Workload | None = None,
        seconds: float | None = None,
        place: Place | None = None,
    ) -> Verdict:
        """Have it judged, and keep the verdict."""
        self.verdict = await self.real.judge(workload, old=old, seconds=seconds, place=place)
        return self.verdict


@dataclass
class _Recorder:
    annotated: str | None = None
    on_annotate: Callable[[Mapping[str, str | None]], None] | None = None

    async def annotate(
        self, kind: Kind, workload: Workload, annotations: Mapping[str, str | None]
    ) -> None:
        """Keep the verdict."""
        assert kind.group_kind == workload.group_kind
        self.annotated = annotations[VERDICT]
        assert self.on_annotate is not None
        self.on_annotate(annotations)  # as the API server does

    async def note(self, kind: Kind, workload: Workload, note: Note) -> None:
        """Let it pass."""

    async def report(self, kind: Kind, workload: Workload, verdict: Verdict) -> None:
        """Let it pass."""

    async def unreport(self, kind: Kind, workload: Workload) -> None:
        """Let it pass."""

    async def status(self, kind: OwnKind, resource: JsonObject, status: Status) -> None:
        """Let it pass."""


def _catalog(row: Row) -> Catalog:
    catalog = Catalog(excluded=["kube-system"], follows=True)
    put = {
        "SlimPolicy": catalog.put_policy,
        "SlimException": catalog.put_exception,
        "BaseImage": catalog.put_base_image,
        "Namespace": catalog.put_namespace,
    }
    for one in row.objects:
        if row.unseen and one["kind"] == "Namespace":
            continue
        put[one["kind"]](one)
    for one in row.node_objects:
        catalog.put_node(one)
    return catalog


def _review(new: Json, old: Json | None) -> bytes:
    api_version = new["apiVersion"]
    group = group_of(api_version)
    request = {
        "uid": "r1",
        "kind": {"group": group, "version": api_version.rpartition("/")[2], "kind": new["kind"]},
        "operation": "CREATE" if old is None else "UPDATE",
        "namespace": NAMESPACE,
        "userInfo": {"username": "alice"},
        "object": new,
        "oldObject": old,
    }
    whole_ = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    return json.dumps(whole_).encode()
