"""Puts the webhook role together: an admission server that answers from memory."""

import asyncio

from slimgate.app.cluster import Core, Observers, open_core
from slimgate.app.configuration import read_settings
from slimgate.app.logs import configure
from slimgate.app.loop import watch_loop
from slimgate.app.memory import MemoryKeeper
from slimgate.app.parts import template_paths
from slimgate.app.profiles import follow_profiles
from slimgate.app.stopping import until
from slimgate.core.repeat import CONTROLLER_USERS
from slimgate.metrics import WebhookMetrics
from slimgate.settings import Settings
from slimgate.webhook.exceptions import ExceptionService
from slimgate.webhook.server import WebhookServer, stop_on_signals
from slimgate.webhook.service import AdmissionService, ServiceSettings
from slimgate.webhook.settings import WebhookSettings


async def run_webhook(config: str | None) -> None:
    """Run the webhook role until SIGTERM; `config` is the configuration file, if any."""
    settings = read_settings(config)
    configure(settings.log_format)
    metrics = WebhookMetrics()
    async with open_core(settings, Observers.of(metrics)) as core:
        follow_profiles(core)
        metrics.show_mirrors(core.mirrors)
        metrics.show_bases(core.bases)
        memory = MemoryKeeper(core.api, core.inspector, settings)
        server = _server(settings, core, metrics)
        metrics.show_serving(server)
        stop = stop_on_signals()
        # It stops by itself, after the drain; until then what verdicts depend on is followed.
        await until(asyncio.Event(), _work(core, memory, server, metrics, stop))


async def _work(
    core: Core,
    memory: MemoryKeeper,
    server: WebhookServer,
    metrics: WebhookMetrics,
    stop: asyncio.Event,
) -> None:
    """Serve until told to stop; nothing is served any more once the cluster is not followed."""
    await memory.restore()
    async with asyncio.TaskGroup() as tasks:
        others = [
            tasks.create_task(core.run()),
            tasks.create_task(watch_loop(metrics.loop_delayed)),
        ]
        await server.run(stop)
        for task in others:
            task.cancel()


def _server(settings: Settings, core: Core, metrics: WebhookMetrics) -> WebhookServer:
    service = AdmissionService(
        core.judge,
        core.catalog,
        settings=ServiceSettings(
            controllers=CONTROLLER_USERS.union(settings.extra_controllers),
            template_paths=template_paths(settings),
        ),
        observer=metrics,
    )
    return WebhookServer(
        WebhookSettings(
            certificate_file=settings.tls_certificate,
            key_file=settings.tls_key,
            host=settings.address,
            port=settings.webhook_port,
            health_port=settings.http_port,
            drain_seconds=settings.drain_seconds,
        ),
        service,
        ExceptionService(core.catalog.policies.get),
        ready=core.unready_reason,
        metrics=metrics.page,
        observer=metrics,
    )
