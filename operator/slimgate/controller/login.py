"""Logs kopf in, and tells what it lists.

kopf lists a kind anew when the API server no longer keeps what was watched, and hands over what
there is. It tells nobody that it does so, and nobody of what has gone meanwhile (ADR 13).
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, Final

import kopf
from aiohttp import ClientSession, TCPConnector, TraceConfig, TraceRequestEndParams
from kubernetes.aio.client import Configuration
from kubernetes.aio.config import load_incluster_config

from slimgate.controller.ports import Kind

_NO_BEGINNING: Final = frozenset({"resourceVersion", "continue"})
"""What a request names that goes on from where another ended."""


class Login:
    """kopf's handler; `listed` hears of a kind whenever the API server has begun to list it."""

    def __init__(self, kinds: Iterable[Kind], listed: Callable[[Kind], None]) -> None:
        self._kinds = tuple(kinds)
        self._listed = listed
        self._held: tuple[kopf.ConnectionInfo, kopf.AiohttpSession] | None = None

    async def log_in(self, **kwargs: Any) -> kopf.AiohttpSession | None:
        """Log in as a pod does, else as the user's kubeconfig says."""
        info = _inside(**kwargs) or kopf.login_with_kubeconfig(**kwargs)
        if info is None:
            return None
        # kopf ends where it is given what it knows to be refused, and would ask for ever where
        # that came in a new session.
        if self._held is None or self._held[0] != info:
            self._held = info, self._session(info)
        return self._held[1]

    def _session(self, info: kopf.ConnectionInfo) -> kopf.AiohttpSession:
        trace = TraceConfig()
        trace.on_request_end.append(self._heard)
        session = ClientSession(
            connector=TCPConnector(limit=0, ssl=info.as_ssl_context()),
            headers=info.as_http_headers(),
            proxy=info.proxy_url,
            trust_env=info.trust_env,
            trace_configs=[trace],
        )
        return kopf.AiohttpSession(
            server=info.server,
            default_namespace=info.default_namespace,
            priority=info.priority,
            aiohttp_session=session,
        )

    async def _heard(
        self, _session: ClientSession, _context: SimpleNamespace, params: TraceRequestEndParams
    ) -> None:
        url = params.url
        if params.response.status == HTTPStatus.OK and not _NO_BEGINNING & url.query.keys():
            for kind in self._kinds:
                if params.method == "GET" and url.path.endswith(kind.path):
                    self._listed(kind)


def _inside(**kwargs: Any) -> kopf.ConnectionInfo | None:
    info = kopf.login_with_service_account(**kwargs)
    if info is None:
        return None
    # kopf calls the API server by its DNS name; Kubernetes tells every pod its address, which
    # works without DNS too, and is what the rest of slimgate calls.
    configuration = Configuration()
    load_incluster_config(configuration)  # type: ignore[no-untyped-call]
    return replace(info, server=configuration.host)
