"""The plain HTTP port of both roles, for kubelet and Prometheus: /livez, /readyz and /metrics."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

from aiohttp.web import BaseRequest, Response

from slimgate.process.port import Port

_METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SHUTDOWN_SECONDS: Final = 1.0
_REST: Final = 9
"""Times as long as a page took the next one waits: a tenth of the loop is for pages at most."""
_LOG: Final = logging.getLogger(__name__)


class Health:
    """Answers requests; `unready` gives the reason why the role is not ready, None once it is."""

    def __init__(self, metrics: Callable[[], bytes]) -> None:
        self.unready: Callable[[], str | None] = lambda: "slimgate is starting"
        self._metrics = metrics
        self._making: asyncio.Task[bytes] | None = None
        self._due = 0.0

    def wait_for(self, reason: str) -> None:
        """Give a reason until there is something better to say."""
        self.unready = lambda: reason

    async def __call__(self, request: BaseRequest) -> Response:
        """Answer one request."""
        try:
            return await self._answer(request)
        except Exception:  # noqa: BLE001 - metrics come from elsewhere
            _LOG.exception("%s failed", request.rel_url.path)
            return _sentence(HTTPStatus.INTERNAL_SERVER_ERROR, "slimgate itself failed")

    async def _answer(self, request: BaseRequest) -> Response:
        match request.rel_url.path:
            case _ if request.method not in {"GET", "HEAD"}:
                return _sentence(HTTPStatus.METHOD_NOT_ALLOWED, "this port takes GET")
            case "/livez":
                return _sentence(HTTPStatus.OK, "ok")
            case "/readyz":
                reason = self.unready()
                status = HTTPStatus.OK if reason is None else HTTPStatus.SERVICE_UNAVAILABLE
                return _sentence(status, "ok" if reason is None else f"not ready: {reason}")
            case "/metrics":
                return Response(body=await self._made(), headers={"Content-Type": _METRICS_TYPE})
            case _:
                return _sentence(HTTPStatus.NOT_FOUND, "this port has /livez, /readyz and /metrics")

    async def _made(self) -> bytes:
        """Make the page anew, once for all who wait for it: anybody may ask all the time.

        Prometheus asks every few seconds, and waits for nothing.
        """
        if self._making is None:
            self._making = asyncio.create_task(self._make())
            # Whoever has asked may be gone.
            self._making.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(self._making)

    async def _make(self) -> bytes:
        try:
            await asyncio.sleep(max(0.0, self._due - time.monotonic()))
            began = time.monotonic()
            page = self._metrics()
            ended = time.monotonic()
            self._due = ended + _REST * (ended - began)
            return page
        finally:
            self._making = None


@asynccontextmanager
async def serving_health(
    host: str | None, port: int, metrics: Callable[[], bytes]
) -> AsyncIterator[Health]:
    """Serve as long as the context lasts, from the very start: what is slow to start is alive."""
    health = Health(metrics)
    served = Port(health, shutdown_seconds=_SHUTDOWN_SECONDS)
    try:
        await served.open(host, port)
        yield health
    finally:
        await served.end()


def _sentence(status: HTTPStatus, text: str) -> Response:
    return Response(status=status, text=f"{text}\n")
