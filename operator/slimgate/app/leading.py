"""What the one controller that leads does: it judges, records, measures, keeps the certificate.

A controller that stands by follows all that this rests on, so that it can begin at once.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Final

from slimgate.app.certificates import certificate_keeper
from slimgate.app.cluster import Core
from slimgate.app.parts import now
from slimgate.app.profiles import follow_profiles
from slimgate.app.refused import follow_refused, keep_refused
from slimgate.cluster.first_policy import FirstPolicy
from slimgate.cluster.kubelet_token import KubeletToken, kubelets
from slimgate.cluster.lease import Leadership
from slimgate.cluster.lister import ClusterLister
from slimgate.cluster.memory import MemoryKeeper
from slimgate.cluster.own_deployment import OwnDeployment
from slimgate.cluster.profiles import ProfileStore
from slimgate.cluster.records import Records
from slimgate.cluster.reports import Reports
from slimgate.controller.ledger import Ledger
from slimgate.controller.measuring import Measuring
from slimgate.controller.nodes import Gauge, NodeSurvey
from slimgate.controller.profiles import Names, Profiles
from slimgate.controller.pulls import PullSurvey
from slimgate.controller.reconciler import Reconciler, ReconcilerSettings
from slimgate.controller.statuses import Statuses
from slimgate.core.images.facts import Digest, ImageFacts, Wants
from slimgate.core.nodes.roster import Roster
from slimgate.engine.budgets import Budgets
from slimgate.engine.use_limits import UseLimits
from slimgate.metrics import ControllerMetrics, Named
from slimgate.process.stopping import PartGroup
from slimgate.settings import Settings
from slimgate.settings.default_policy import read_default_policy

_NODE_PACE: Final = 0.2
"""Seconds for each node that is looked at, by which a look stays at some percent of a processor.

A node takes about 5 ms: its pods' list, its kubelet's answer over TLS, its model.
"""
_LAST_SECONDS: Final = 5.0
"""For what is written on the way out; an API server that is away must not hold it up."""


class Work:
    """The parts that remember what is followed, and those that use it once this one leads."""

    def __init__(
        self,
        core: Core,
        settings: Settings,
        metrics: ControllerMetrics,
        owner: OwnDeployment,
        leadership: Leadership,
    ) -> None:
        self.core = core
        self.settings = settings
        self.metrics = metrics
        self.owner = owner
        self.leadership = leadership
        self.store = follow_profiles(core)
        self.refused = follow_refused(core)
        self.roster = Roster()
        core.sinks_of_nodes.append(self.roster)
        self.ledger = Ledger(settings.annotations)
        self.memory = MemoryKeeper(core.api, core.inspector, settings, owner)
        self.reports = Reports(
            core.api,
            on_switch=self._record_anew,
            on_lost=self._record_anew,
            docs=settings.docs_url,
        )
        self.recorder = Records(core.api, self.reports)
        self.reconciler = Reconciler(
            judge=core.judge,
            ledger=self.ledger,
            keyring=core.keyring,
            recorder=self.recorder,
            settings=ReconcilerSettings(
                drift_seconds=settings.tag_seconds,
                # A moment after a failure is no longer given as the answer.
                retry_seconds=settings.failure_seconds + 5.0,
                docs=settings.docs_url,
            ),
            now=now,
            observer=metrics,
        )

    def _record_anew(self, uid: str | None = None) -> None:
        self.reconciler.record_anew(uid)


async def lead(work: Work, last: AsyncExitStack) -> None:
    """Do all of it once this controller leads; `last` is what is done when all else has ended."""
    core, settings, metrics = work.core, work.settings, work.metrics
    leading = work.leadership.leading
    if not leading.is_set():
        await leading.wait()
        # What the former leader has learnt since this process began.
        await work.memory.restore()
    metrics.show_workloads(work.ledger, core.catalog)
    metrics.show_queue(work.reconciler.queue)
    token = KubeletToken(core.api, settings)
    async with kubelets(settings, token) as gauge, PartGroup() as tasks:
        certificates = certificate_keeper(core.api, settings, work.owner)
        metrics.show_certificate(certificates)
        metrics.show_mirrors(certificates.mirrors)
        tasks.create_task(certificates.run())
        await core.ready()
        if first := read_default_policy(settings):
            tasks.create_task(FirstPolicy(core.api, first).run())
        survey = _survey(work, gauge)
        statuses = Statuses(
            catalog=core.catalog,
            ledger=work.ledger,
            recorder=work.recorder,
            bases=core.inspector.bases,
            changed=work.reconciler.changed,
            now=now,
            budgets=survey.over_budget,
        )
        if settings.node_seconds:
            metrics.show_nodes(survey, _named(settings))
            tasks.create_task(token.run())
            await token.asked.wait()
            tasks.create_task(_look_at_nodes(core, metrics, survey))
        profiles = _profiles(core, work.store, used=(work.ledger.names, survey.names))
        measuring = Measuring(ledger=work.ledger, inspector=core.inspector, keyring=core.keyring)
        refusing = keep_refused(core, work.refused, work.ledger, work.reconciler.changed)
        for job in (work.reports.run, work.reconciler.run, statuses.run, measuring.run, *refusing):
            tasks.create_task(job())
        last.push_async_callback(_keep_last, profiles, work.memory)
        tasks.create_task(work.memory.run())
        if profiles is not None:
            tasks.create_task(profiles.run())


def _survey(work: Work, gauge: Gauge) -> NodeSurvey:
    core, limits = work.core, UseLimits(work.core.catalog)
    return NodeSurvey(
        nodes=work.roster.nodes,
        lister=ClusterLister(core.api),
        gauge=gauge,
        inspector=core.inspector,
        keyring=core.keyring,
        seconds=work.settings.node_seconds,
        pace=_NODE_PACE,
        limits=lambda uses: limits.of(uses, work.ledger.workloads()),
        budgets=Budgets(core.catalog).over,
        looked=work.metrics.nodes_looked_at,
    )


def _named(settings: Settings) -> Named:
    return Named(
        namespaces=settings.metric_namespaces,
        workloads=settings.metric_workloads,
        images=settings.metric_images,
    )


async def _look_at_nodes(core: Core, metrics: ControllerMetrics, survey: NodeSurvey) -> None:
    pulls = PullSurvey(ClusterLister(core.api))
    metrics.show_pulls(pulls, survey, _named(core.settings))
    async with PartGroup() as parts:
        parts.create_task(survey.run())
        parts.create_task(pulls.run())


async def _keep_last(profiles: Profiles | None, memory: MemoryKeeper) -> None:
    """Keep what the next start should know, once more than now and then."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_SECONDS):
            if profiles is not None:
                await profiles.reconcile()
            await memory.save(last=True)


def _profiles(
    core: Core, store: ProfileStore | None, used: Sequence[Callable[[], Names]]
) -> Profiles | None:
    if store is None:
        return None
    return Profiles(store=store, used=used, facts=partial(_facts, core))


def _facts(core: Core, digest: Digest) -> ImageFacts | None:
    """Give facts as they are whatever BaseImages there are: without those bases.

    What a layer that could not be looked at for now may change is not kept.
    """
    found = core.inspector.reader.known(digest, Wants())
    return found if isinstance(found, ImageFacts) and found.base.unread is None else None
