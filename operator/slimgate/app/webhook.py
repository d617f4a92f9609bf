"""Puts the webhook role together: an admission server that answers from memory."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial

from slimgate.app.cluster import Core, Observers, open_core
from slimgate.app.parts import review_limits
from slimgate.app.profiles import follow_profiles
from slimgate.cluster.memory import MemoryKeeper
from slimgate.cluster.own_deployment import OwnDeployment
from slimgate.cluster.revisions import revisions
from slimgate.core.admission.repeat import CONTROLLER_USERS
from slimgate.engine.budgets import Budgets
from slimgate.metrics import WebhookMetrics
from slimgate.process.health import serving_health
from slimgate.process.logs import configure
from slimgate.process.loop import watch_loop
from slimgate.process.stopping import PartGroup, unless, whole
from slimgate.settings import Settings
from slimgate.settings.files import CLIENT_CA
from slimgate.settings.sources import read_settings
from slimgate.webhook.exceptions import ExceptionService
from slimgate.webhook.server import WebhookServer
from slimgate.webhook.service import AdmissionService, ServiceSettings
from slimgate.webhook.settings import WebhookSettings


async def run_webhook(config: str | None, stop: asyncio.Event) -> None:
    """Run the webhook role until told to stop, and then through its drain."""
    settings = read_settings(config, CLIENT_CA)
    configure(settings.log_format)
    metrics = WebhookMetrics()
    async with (
        serving_health(settings.address, settings.http_port, metrics.page) as health,
        AsyncExitStack() as stack,
    ):
        opening = open_core(
            settings, Observers.of(metrics), health.wait_for, review_limits(settings)
        )
        core = await unless(stop, stack.enter_async_context(opening))
        owner = OwnDeployment(core.api, settings.namespace, settings.pod_name)
        memory = MemoryKeeper(core.api, core.inspector, settings, owner)
        await unless(stop, memory.restore())
        follow_profiles(core)
        metrics.show_mirrors(core.mirrors)
        metrics.show_bases(core.bases)
        metrics.follow_policies(core.catalog)
        server = _server(settings, core, metrics)
        metrics.show_serving(server)
        health.unready = server.unready_reason
        await whole(_serve(core, server, metrics, stop))


async def _serve(
    core: Core, server: WebhookServer, metrics: WebhookMetrics, stop: asyncio.Event
) -> None:
    """Serve through the drain; until then what verdicts depend on is followed."""
    async with PartGroup() as tasks:
        others = [
            tasks.create_task(core.run()),
            tasks.create_task(watch_loop(metrics.loop_delayed, metrics.loop_held)),
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
            template_paths=settings.template_paths,
            docs=settings.docs_url,
            tenant_of=partial(core.catalog.label, settings.tenant_label),
        ),
        history=partial(revisions, core.api),
        budgets=Budgets(core.catalog).warnings,
        observer=metrics,
    )
    return WebhookServer(
        WebhookSettings(
            certificate_file=settings.tls_certificate,
            key_file=settings.tls_key,
            client_ca_file=settings.client_ca_file,
            client_names=settings.client_names,
            host=settings.address,
            port=settings.webhook_port,
            drain_seconds=settings.drain_seconds,
        ),
        service,
        ExceptionService(core.catalog.find_policy, observer=metrics),
        loaded=core,
        observer=metrics,
    )
