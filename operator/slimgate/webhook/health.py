"""The second port, plain HTTP for kubelet and Prometheus: /livez, /readyz and /metrics."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from aiohttp.web import BaseRequest, Response

_METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_LOG: Final = logging.getLogger(__name__)


class HealthHandler:
    """`ready` gives the reason why the server is not ready, None if it is."""

    def __init__(self, ready: Callable[[], str | None], metrics: Callable[[], bytes]) -> None:
        self._ready = ready
        self._metrics = metrics

    async def __call__(self, request: BaseRequest) -> Response:
        """Answer one request."""
        try:
            return self._answer(request)
        except Exception:  # noqa: BLE001 - metrics come from elsewhere
            _LOG.exception("%s failed", request.rel_url.path)
            return _sentence(HTTPStatus.INTERNAL_SERVER_ERROR, "slimgate itself failed")

    def _answer(self, request: BaseRequest) -> Response:
        match request.rel_url.path:
            case _ if request.method not in {"GET", "HEAD"}:
                return _sentence(HTTPStatus.METHOD_NOT_ALLOWED, "this port takes GET")
            case "/livez":
                return _sentence(HTTPStatus.OK, "ok")
            case "/readyz":
                reason = self._ready()
                status = HTTPStatus.OK if reason is None else HTTPStatus.SERVICE_UNAVAILABLE
                return _sentence(status, "ok" if reason is None else f"not ready: {reason}")
            case "/metrics":
                return Response(body=self._metrics(), headers={"Content-Type": _METRICS_TYPE})
            case _:
                return _sentence(HTTPStatus.NOT_FOUND, "this port has /livez, /readyz and /metrics")


def _sentence(status: HTTPStatus, text: str) -> Response:
    return Response(status=status, text=f"{text}\n")
