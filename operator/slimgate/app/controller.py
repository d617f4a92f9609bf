"""Puts the controller role together: it follows the cluster, and leads or stands by."""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

import kopf

from slimgate.app.cluster import Observers, open_core
from slimgate.app.kinds import mirrors_of
from slimgate.app.leading import Work, lead
from slimgate.cluster.api import ClusterApi
from slimgate.cluster.connect import open_access
from slimgate.cluster.fence import Fence
from slimgate.cluster.lease import Leadership
from slimgate.cluster.lease_store import LeaseStore
from slimgate.cluster.mirror import tried
from slimgate.cluster.own_deployment import OwnDeployment
from slimgate.controller.handlers import make_registry, make_settings
from slimgate.controller.intake import Intake
from slimgate.controller.kinds import Kinds
from slimgate.controller.login import Login
from slimgate.controller.reconciler import Reconciler
from slimgate.controller.sweeper import Sweeper
from slimgate.core.errors import ClusterError
from slimgate.core.workloads.kinds import BUILT_IN
from slimgate.engine.catalog import Change
from slimgate.metrics import ControllerMetrics
from slimgate.process.health import Health, serving_health
from slimgate.process.logs import configure
from slimgate.process.loop import watch_loop
from slimgate.process.stopping import PartGroup, stop_on_signals, unless, whole
from slimgate.settings import Settings
from slimgate.settings.files import DEFAULT_POLICY
from slimgate.settings.sources import read_settings

_LAST_SECONDS: Final = 5.0
"""For kopf to end in."""


async def run_controller(config: str | None, stop: asyncio.Event) -> None:
    """Run the controller role until told to stop; `config` is the configuration file, if any."""
    settings = read_settings(config, DEFAULT_POLICY)
    configure(settings.log_format)
    metrics = ControllerMetrics()
    async with serving_health(settings.address, settings.http_port, metrics.page) as health:
        await unless(stop, whole(_run(settings, metrics, health, stop)))


async def _run(
    settings: Settings, metrics: ControllerMetrics, health: Health, stop: asyncio.Event
) -> None:
    fence = Fence()
    async with (
        open_core(settings, Observers.of(metrics), health.wait_for, fence=fence) as core,
        # By a connection of its own: no other request keeps the Lease from being renewed.
        ClusterApi.connect(observer=metrics) as api,
    ):
        owner = OwnDeployment(api, settings.namespace, settings.pod_name)
        lease = LeaseStore(api, settings.namespace, settings.lease, owner)
        timing = settings.leader_election
        leadership = Leadership(lease, fence, timing, pod=settings.pod_name)
        metrics.show_mirrors(core.mirrors)
        metrics.show_bases(core.bases)
        metrics.show_leadership(leadership)
        health.unready = lambda: core.unready_reason() or leadership.problem
        async with leadership.standing():
            await _work(Work(core, settings, metrics, owner, leadership), stop)


async def _work(work: Work, stop: asyncio.Event) -> None:
    """Follow the cluster, and lead where that is permitted.

    The end of one part is the end of all, and Kubernetes starts anew.
    """
    core, metrics, reconciler = work.core, work.metrics, work.reconciler
    await work.memory.restore()
    core.catalog.listen(partial(_heard, reconciler))
    core.catalog.objects.listen(reconciler.changed.set)
    core.inspector.reader.listen(reconciler.facts_changed)
    async with (
        # Before the tasks, so that it is kept once these have ended.
        AsyncExitStack() as last,
        PartGroup() as tasks,
    ):
        tasks.create_task(watch_loop(metrics.loop_delayed, metrics.loop_held))
        tasks.create_task(core.run(on_bases=partial(_judge_all, reconciler)))
        tasks.create_task(lead(work, last))
        await core.ready()
        kinds = Kinds(reconciler, work.settings)
        mirrors = mirrors_of(kinds, core.api)
        metrics.show_mirrors(mirrors)
        for mirror in mirrors.values():
            tasks.create_task(mirror.run())
        await tried(mirrors.values())
        sweeper = Sweeper(reconciler=reconciler, take=kinds.take, left=kinds.listed)
        login = Login(BUILT_IN, sweeper.listed, open_access, metrics.api_request, kinds.concerns)
        tasks.create_task(_observe(kinds.built_in, login, stop))


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
    # kopf takes the signals to itself, and would end alone.
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
