"""The plain HTTP port of a role that serves nothing else: health and metrics."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp.web import Server, ServerRunner, TCPSite

from slimgate.webhook.health import HealthHandler


@asynccontextmanager
async def serving_health(
    address: str, port: int, ready: Callable[[], str | None], metrics: Callable[[], bytes]
) -> AsyncIterator[None]:
    """Serve /livez, /readyz and /metrics as long as the context lasts."""
    runner = ServerRunner(Server(HealthHandler(ready, metrics), access_log=None))
    await runner.setup()
    try:
        await TCPSite(runner, address, port).start()
        yield
    finally:
        await runner.cleanup()
