"""Puts the webhook role together: an admission server that answers from memory."""

import asyncio

from slimgate.app.cluster import Core, Observers, open_core
from slimgate.app.logs import configure
from slimgate.app.memory import MemoryKeeper
from slimgate.app.parts import read_settings, template_paths
from slimgate.app.profiles import follow_profiles
from slimgate.metrics.all import Metrics
from slimgate.settings import Settings
from slimgate.webhook.server import WebhookServer, stop_on_signals
from slimgate.webhook.service import AdmissionService, ServiceSettings
from slimgate.webhook.settings import WebhookSettings


async def run_webhook() -> None:
    """Run the webhook role until SIGTERM."""
    settings = read_settings()
    configure(settings.log_format)
    metrics = Metrics()
    async with open_core(settings, Observers.of(metrics)) as core:
        follow_profiles(core)
        metrics.show_mirrors(core.mirrors)
        memory = MemoryKeeper(core.api, core.inspector, settings.namespace)
        server = _server(settings, core, metrics)
        stop = stop_on_signals()
        following = asyncio.create_task(_follow(core, memory, stop))
        try:
            await server.run(stop)
        finally:
            following.cancel()
            await asyncio.wait([following])
        if not following.cancelled() and (error := following.exception()) is not None:
            raise error


async def _follow(core: Core, memory: MemoryKeeper, stop: asyncio.Event) -> None:
    """Keep what verdicts depend on true; without it nothing must be served."""
    try:
        await memory.restore()
        await core.run()
    finally:
        stop.set()


def _server(settings: Settings, core: Core, metrics: Metrics) -> WebhookServer:
    service = AdmissionService(
        core.judge,
        core.catalog,
        settings=ServiceSettings(
            template_paths=template_paths(settings), max_judging=settings.webhook_concurrency
        ),
        observer=metrics,
    )
    return WebhookServer(
        WebhookSettings(
            certificate_file=settings.tls_certificate,
            key_file=settings.tls_key,
            host=settings.webhook_address or None,
            port=settings.webhook_port,
            health_port=settings.http_port,
            default_seconds=settings.webhook_seconds,
            drain_seconds=settings.drain_seconds,
        ),
        service,
        ready=core.unready_reason,
        metrics=metrics.page,
        observer=metrics,
    )
