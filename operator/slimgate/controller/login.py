"""Logs kopf in with the credentials of all of slimgate, and reads along.

kopf lists a kind anew when the API server no longer keeps what was watched, and hands over what
there is. It says neither that it does so nor what has gone meanwhile (ADR 9).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from http import HTTPStatus
from types import SimpleNamespace
from typing import Final, Protocol

import kopf
from aiohttp import (
    ClientConnectionError,
    ClientHandlerType,
    ClientRequest,
    ClientResponse,
    ClientSession,
    TCPConnector,
    TraceConfig,
    TraceRequestEndParams,
    TraceRequestExceptionParams,
    TraceRequestStartParams,
)

from slimgate.controller.answers import ShallowAnswer
from slimgate.controller.pages import Paging
from slimgate.controller.ports import Access
from slimgate.core.errors import ClusterError
from slimgate.core.json_object import JsonObject
from slimgate.core.workloads.kinds import Kind

_RETRY: Final = 5.0


class Listed(Protocol):
    """Takes a page of a kind's listing, before kopf does."""

    def __call__(self, kind: Kind, page: object, *, first: bool) -> None:
        """Take it."""


class Login:
    """kopf's handler; `listed` is given each page of each listing of a kind.

    kopf hears nothing of events that `concerns` says are of no concern: most are of pods that
    others own, or echoes of what the controller has written, and kopf takes a millisecond for each.
    `asked` hears of every request: its method, how it ended and after how many seconds.
    """

    def __init__(
        self,
        kinds: Iterable[Kind],
        listed: Listed,
        connect: Callable[[], Awaitable[Access]],
        asked: Callable[[str, int | str, float], None] = lambda *_: None,
        concerns: Callable[[Kind, str, JsonObject], bool] = lambda *_: True,
    ) -> None:
        self._kinds = tuple(kinds)
        self._listed = listed
        self._connect = connect
        self._asked = asked
        self._concerns = concerns
        self._held: tuple[Access, kopf.AiohttpSession] | None = None

    async def log_in(self, **_: object) -> kopf.AiohttpSession:
        """Log in; kopf asks again when the API server has refused what it was given."""
        try:
            access = await self._connect()
        except ClusterError as error:
            # Any other error is tried again only after a minute, with a traceback.
            raise kopf.TemporaryError(str(error), delay=_RETRY) from error
        # kopf ends where it is given what it knows to be refused, and would ask for ever where
        # that came in a new session.
        if self._held is None or self._held[0] != access:
            self._held = access, self._session(access)
        return self._held[1]

    def _session(self, access: Access) -> kopf.AiohttpSession:
        trace = TraceConfig()
        trace.on_request_start.append(_started)
        trace.on_request_end.append(self._heard)
        trace.on_request_exception.append(self._failed)
        session = ClientSession(
            connector=TCPConnector(limit=0, ssl=access.tls),
            proxy=access.proxy,
            trace_configs=[trace],
            response_class=ShallowAnswer,
            middlewares=[Paging(), _Signing(access)],
        )
        return kopf.AiohttpSession(server=access.server, aiohttp_session=session)

    async def _heard(
        self, _session: ClientSession, context: SimpleNamespace, params: TraceRequestEndParams
    ) -> None:
        url, response = params.url, params.response
        self._count(context, params, response.status)
        is_good = params.method == "GET" and response.status == HTTPStatus.OK
        if is_good and isinstance(response, ShallowAnswer):
            for kind in self._kinds:
                if url.path.endswith(kind.all()):
                    self._read_along(kind, response)

    def _read_along(self, kind: Kind, response: ShallowAnswer) -> None:
        if "watch" not in response.url.query:
            first = "continue" not in response.url.query
            response.heard = partial(self._listed, kind, first=first)
        elif response.lines is not None:
            response.lines.concerns = partial(self._concerns, kind)

    async def _failed(
        self, _session: ClientSession, context: SimpleNamespace, params: TraceRequestExceptionParams
    ) -> None:
        is_ours = isinstance(params.exception, asyncio.CancelledError)
        self._count(context, params, "cancelled" if is_ours else "unreachable")

    def _count(
        self,
        context: SimpleNamespace,
        params: TraceRequestEndParams | TraceRequestExceptionParams,
        outcome: int | str,
    ) -> None:
        method = "WATCH" if "watch" in params.url.query else params.method
        self._asked(method, outcome, time.monotonic() - context.started)


async def _started(
    _session: ClientSession, context: SimpleNamespace, _params: TraceRequestStartParams
) -> None:
    context.started = time.monotonic()


class _Signing:
    """Puts credentials to each request as they are then: tokens are renewed all the time."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        try:
            token = await self._access.authorization()
        except ClusterError as error:
            # kopf tries again only what looks like a failure of the network.
            raise ClientConnectionError(str(error)) from error
        if token is not None:
            request.headers["Authorization"] = token
        request.server_hostname = self._access.tls_name
        return await handler(request)
