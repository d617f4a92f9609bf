"""Puts the controller role together: it observes, judges, records, and keeps the certificate."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Final

import kopf

from slimgate.app.certificates import certificate_keeper
from slimgate.app.cluster import Core, Observers, open_core
from slimgate.app.kinds import mirrors_of
from slimgate.app.parts import now
from slimgate.app.profiles import follow_profiles
from slimgate.cluster.connect import open_access
from slimgate.cluster.first_policy import FirstPolicy
from slimgate.cluster.kubelet_token import KubeletToken, kubelets
from slimgate.cluster.lister import ClusterLister
from slimgate.cluster.memory import MemoryKeeper
from slimgate.cluster.mirror import tried
from slimgate.cluster.own_deployment import OwnDeployment
from slimgate.cluster.profiles import ProfileStore
from slimgate.cluster.records import Records
from slimgate.cluster.reports import Reports
from slimgate.controller.handlers import make_registry, make_settings
from slimgate.controller.intake import Intake
from slimgate.controller.kinds import Kinds
from slimgate.controller.ledger import Ledger
from slimgate.controller.login import Login
from slimgate.controller.measuring import Measuring
from slimgate.controller.nodes import Gauge, NodeSurvey
from slimgate.controller.profiles import Names, Profiles
from slimgate.controller.pulls import PullSurvey
from slimgate.controller.reconciler import Reconciler, ReconcilerSettings
from slimgate.controller.statuses import Statuses
from slimgate.controller.sweeper import Sweeper
from slimgate.core.errors import ClusterError
from slimgate.core.images.facts import Digest, ImageFacts, Wants
from slimgate.core.nodes.roster import Roster
from slimgate.core.workloads.kinds import BUILT_IN
from slimgate.engine.budgets import Budgets
from slimgate.engine.catalog import Change
from slimgate.engine.use_limits import UseLimits
from slimgate.metrics import ControllerMetrics, Named
from slimgate.process.health import Health, serving_health
from slimgate.process.logs import configure
from slimgate.process.loop import watch_loop
from slimgate.process.stopping import PartGroup, stop_on_signals, unless, whole
from slimgate.settings import Settings
from slimgate.settings.default_policy import read_default_policy
from slimgate.settings.sources import read_settings

_NODE_PACE: Final = 0.2
"""Seconds for each node that is looked at, by which a look stays at some percent of a processor.

A node takes about 5 ms: its pods' list, its kubelet's answer over TLS, its model.
"""
_LAST_SECONDS: Final = 5.0
"""For what is written on the way out; an API server that is away must not hold it up."""


async def run_controller(config: str | None, stop: asyncio.Event) -> None:
    """Run the controller role until told to stop; `config` is the configuration file, if any."""
    settings = read_settings(config)
    configure(settings.log_format)
    metrics = ControllerMetrics()
    async with serving_health(settings.address, settings.http_port, metrics.page) as health:
        await unless(stop, whole(_run(settings, metrics, health, stop)))


async def _run(
    settings: Settings, metrics: ControllerMetrics, health: Health, stop: asyncio.Event
) -> None:
    async with open_core(settings, Observers.of(metrics), health.wait_for) as core:
        metrics.show_mirrors(core.mirrors)
        metrics.show_bases(core.bases)
        health.unready = core.unready_reason
        await _work(core, settings, metrics, stop)


async def _work(
    core: Core, settings: Settings, metrics: ControllerMetrics, stop: asyncio.Event
) -> None:
    """Run everything; the end of one part is the end of all, and Kubernetes starts anew."""
    store, roster = follow_profiles(core), Roster()
    core.sinks_of_nodes.append(roster)
    ledger = Ledger(settings.annotations)

    def record_anew(uid: str | None = None) -> None:
        reconciler.record_anew(uid)

    reports = Reports(core.api, on_switch=record_anew, on_lost=record_anew, docs=settings.docs_url)
    recorder = Records(core.api, reports)
    reconciler = Reconciler(
        judge=core.judge,
        catalog=core.catalog,
        ledger=ledger,
        keyring=core.keyring,
        recorder=recorder,
        settings=ReconcilerSettings(
            drift_seconds=settings.tag_seconds,
            # A moment after a failure is no longer given as the answer.
            retry_seconds=settings.failure_seconds + 5.0,
            docs=settings.docs_url,
        ),
        now=now,
        observer=metrics,
    )
    owner = OwnDeployment(core.api, settings.namespace, settings.pod_name)
    memory = MemoryKeeper(core.api, core.inspector, settings, owner)
    await memory.restore()
    core.catalog.listen(partial(_heard, reconciler))
    core.catalog.objects.listen(reconciler.changed.set)
    core.inspector.reader.listen(reconciler.facts_changed)
    metrics.show_workloads(ledger, core.catalog)
    metrics.show_queue(reconciler.queue)
    token = KubeletToken(core.api, settings)
    async with (
        kubelets(settings, token) as gauge,
        # Before the tasks, so that it is kept once these have ended.
        AsyncExitStack() as last,
        PartGroup() as tasks,
    ):
        tasks.create_task(watch_loop(metrics.loop_delayed))
        tasks.create_task(core.run(on_bases=partial(_judge_all, reconciler)))
        certificates = certificate_keeper(core.api, settings, owner)
        metrics.show_certificate(certificates)
        metrics.show_mirrors(certificates.mirrors)
        tasks.create_task(certificates.run())
        await core.ready()
        if first := read_default_policy(settings):
            tasks.create_task(FirstPolicy(core.api, first).run())
        survey = _survey(core, roster, gauge, metrics, ledger)
        statuses = Statuses(
            catalog=core.catalog,
            ledger=ledger,
            recorder=recorder,
            bases=core.inspector.bases,
            changed=reconciler.changed,
            now=now,
            budgets=survey.over_budget,
        )
        if settings.node_seconds:
            metrics.show_nodes(survey, _named(settings))
            tasks.create_task(token.run())
            await token.asked.wait()
            tasks.create_task(_look_at_nodes(core, metrics, survey))
        profiles = _profiles(core, store, used=(ledger.names, survey.names))
        measuring = Measuring(ledger=ledger, inspector=core.inspector, keyring=core.keyring)
        for job in (reports.run, reconciler.run, statuses.run, measuring.run):
            tasks.create_task(job())
        last.push_async_callback(_keep_last, profiles, memory)
        tasks.create_task(memory.run())
        if profiles is not None:
            tasks.create_task(profiles.run())
        kinds = Kinds(reconciler, settings)
        sweeper = Sweeper(reconciler=reconciler, ledger=ledger, concerns=kinds.concerns)
        mirrors = mirrors_of(kinds, core.api)
        metrics.show_mirrors(mirrors)
        for mirror in mirrors.values():
            tasks.create_task(mirror.run())
        await tried(mirrors.values())
        login = Login(BUILT_IN, sweeper.listed, open_access, metrics.api_request, kinds.concerns)
        tasks.create_task(_observe(kinds.built_in, login, stop))


def _survey(
    core: Core, roster: Roster, gauge: Gauge, metrics: ControllerMetrics, ledger: Ledger
) -> NodeSurvey:
    limits = UseLimits(core.catalog)
    return NodeSurvey(
        nodes=roster.nodes,
        lister=ClusterLister(core.api),
        gauge=gauge,
        inspector=core.inspector,
        keyring=core.keyring,
        seconds=core.settings.node_seconds,
        pace=_NODE_PACE,
        limits=lambda uses: limits.of(uses, ledger.workloads()),
        budgets=Budgets(core.catalog).over,
        looked=metrics.nodes_looked_at,
    )


def _named(settings: Settings) -> Named:
    return Named(
        namespaces=settings.metric_namespaces,
        workloads=settings.metric_workloads,
        images=settings.metric_images,
    )


async def _look_at_nodes(core: Core, metrics: ControllerMetrics, survey: NodeSurvey) -> None:
    pulls = PullSurvey(ClusterLister(core.api))
    metrics.show_pulls(pulls, survey, core.settings.metric_images)
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


async def _observe(intakes: Iterable[Intake], login: Login, stop: asyncio.Event) -> None:
    """Have kopf hand over every workload of the built-in kinds, until cancelled.

    Not by its run_tasks: where one kind can't be watched any more that waits for the watches of
    the others, which never end.
    """
    tasks = await kopf.spawn_tasks(
        registry=make_registry(intakes, login),
        settings=make_settings(),
        clusterwide=True,
        standalone=True,
    )
    # kopf takes the signals to itself, and by them would wait 5 s for parts that are not its own.
    stop_on_signals(stop)
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=_LAST_SECONDS)
        raise
    error = next((task.exception() for task in done), None)
    raise ClusterError(f"workloads can't be followed any more: {error}") from error


def _heard(reconciler: Reconciler, change: Change, namespace: str) -> None:
    del change
    reconciler.judge_all(namespace)
    reconciler.changed.set()


def _judge_all(reconciler: Reconciler) -> None:
    reconciler.judge_all()
    reconciler.changed.set()


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
