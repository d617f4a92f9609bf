"""`slimgate webhook` where there is no cluster: the real server and engine, one policy by hand.

Run as `python -m bench.stand_in PORT HEALTH_PORT CERTIFICATE KEY REGISTRY...`.
"""

import asyncio
import sys
from datetime import UTC, datetime
from importlib.metadata import version

from bench.images import LIMIT
from slimgate.app.parts import review_limits
from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.workloads.workload import Workload
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from slimgate.process.health import serving_health
from slimgate.process.logs import configure
from slimgate.process.stopping import stop_on_signals
from slimgate.registry.client import RegistryClient
from slimgate.registry.settings import RegistrySettings
from slimgate.settings import Exemption, LogFormat, Settings
from slimgate.webhook.exceptions import ExceptionService
from slimgate.webhook.server import WebhookServer
from slimgate.webhook.service import AdmissionService
from slimgate.webhook.settings import WebhookSettings


class Anonymous:
    """A keyring without keys."""

    def known(self, workload: Workload) -> Identity:
        """Know that there are none."""
        del workload
        return ANONYMOUS

    async def identity(self, workload: Workload) -> Identity:
        """Find none."""
        return ANONYMOUS

    async def newer(self, workload: Workload, refused: Identity) -> None:
        """Have no others."""


class Loaded:
    """Has all that it needs from the start."""

    def unready_reason(self) -> None:
        """Say nothing."""

    async def ready(self) -> None:
        """Wait for nothing."""


async def main(settings: WebhookSettings, health_port: int, registries: list[str]) -> None:
    """Serve until SIGTERM."""
    configure(LogFormat.JSON)
    exemption = Exemption(plain_http=True, loopback=True)
    exemptions = dict.fromkeys(registries, exemption)
    catalog = Catalog()
    spec = {"mode": "Enforce", "limits": {"pullSize": {"deny": LIMIT}}}
    catalog.put_policy({"metadata": {"name": "bench"}, "spec": spec})
    agent = f"slimgate/{version('slimgate')}"
    wanted = RegistrySettings(exemptions=exemptions, user_agent=agent)
    async with RegistryClient(wanted) as client:
        inspector = Inspector(client)
        judge = Judge(
            inspector=inspector,
            catalog=catalog,
            keyring=Anonymous(),
            now=lambda: datetime.now(UTC),
            limits=review_limits(Settings()),
        )
        server = WebhookServer(
            settings,
            AdmissionService(judge, catalog),
            ExceptionService(catalog.policies.get),
            loaded=Loaded(),
        )
        async with serving_health(settings.host, health_port, lambda: b"") as health:
            health.unready = server.unready_reason
            await server.run(stop_on_signals())
        await judge.close()
        await inspector.close()


if __name__ == "__main__":
    asyncio.run(
        main(
            WebhookSettings(
                host="127.0.0.1",
                port=int(sys.argv[1]),
                certificate_file=sys.argv[3],
                key_file=sys.argv[4],
                drain_seconds=0.0,
            ),
            int(sys.argv[2]),
            sys.argv[5:],
        )
    )
