"""One exchange with the API server: sends it by the official client, puts failures into sentences.

Bodies are JSON as it comes; the client's models cost more memory and time than they are worth here.
"""

import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Protocol, cast
from urllib.parse import urlencode

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientError,
    ClientOSError,
    ClientResponse,
    ClientTimeout,
)
from kubernetes.aio.client import ApiClient
from kubernetes.aio.config import ConfigException
from yarl import URL

from slimgate.cluster.errors import ApiError, OversizedError, UnreachableError, error_of
from slimgate.cluster.fence import Fence
from slimgate.core.nesting import parse, too_deep
from slimgate.core.text import printable
from slimgate.engine.bounded import Bounded

_LOG: Final = logging.getLogger(__name__)

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"

WATCH: Final = "WATCH"
UNREACHABLE: Final = "unreachable"
CANCELLED: Final = "cancelled"

_TIMEOUT: Final = ClientTimeout(total=30, sock_connect=10)
_USER_AGENT: Final = "slimgate"
_MAX_DEEP: Final = 64
"""Paths of which it was said that they hold what is nested too deeply: anybody makes up names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """What to ask of the API server; `accept` and `content_type` are media types.

    An answer of more than `max_bytes` is not read to its end.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    accept: str = JSON
    content_type: str = JSON
    timeout: ClientTimeout = _TIMEOUT
    max_bytes: int | None = None

    @property
    def verb(self) -> str:
        """The method, as metrics call it."""
        return WATCH if "watch" in self.query else self.method

    @property
    def relative_url(self) -> str:
        """The path and query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


class ApiObserver(Protocol):
    """Told of every exchange, for metrics."""

    def api_request(self, method: str, outcome: int | str, seconds: float) -> None:
        """Hear that one ended with an HTTP status, or as `unreachable` or `cancelled`.

        A watch is of the method WATCH, and ends when nothing more of it is read.
        """


class SilentApiObserver:
    """Ignores what it hears."""

    def api_request(self, method: str, outcome: int | str, seconds: float) -> None:
        """Do nothing."""


class Wire:
    """Sends calls to one API server, those that change something as the fence lets them through."""

    def __init__(
        self, client: ApiClient, observer: ApiObserver | None = None, fence: Fence | None = None
    ) -> None:
        self._client = client
        self._fence = fence
        self._observer = observer or SilentApiObserver()
        self._deep: Bounded[str, bool] = Bounded(_MAX_DEEP)
        self.server = URL(client.configuration.host)

    async def read(self, call: ApiCall) -> dict[str, object]:
        """Get the JSON object that answers the call; ApiError for anything else."""
        if self._fence is None or call.method == "GET":
            return await self._exchange(call)
        async with self._fence.passing():
            return await self._exchange(call)

    async def _exchange(self, call: ApiCall) -> dict[str, object]:
        async with self.open(call) as answer:
            body = await _body(call, answer)
        try:
            root = self.parse(call, body)
        except ValueError as err:
            raise self._no_api() from err
        if not isinstance(root, dict):
            raise self._no_api()
        return cast("dict[str, object]", root)

    def parse(self, call: ApiCall, text: bytes) -> object:
        """Parse an answer to the call, or a part of one; ValueError if it is not JSON."""
        root, pruned = parse(text)
        if pruned and not self._deep.get(call.path):
            self._deep.put(call.path, True)
            _LOG.warning("%s", too_deep(call.path))
        return root

    @asynccontextmanager
    async def open(self, call: ApiCall) -> AsyncIterator[ClientResponse]:
        """Send the call; the answer is a success and is closed on leaving."""
        started = time.monotonic()
        outcome: int | str = CANCELLED
        try:
            with self._sentences():
                answer = await self._send(call)
                outcome = answer.status
                try:
                    await self._refuse(call, answer)
                    yield answer
                finally:
                    _drop(answer)
        except ApiError as err:
            # A watch that was answered may be refused later.
            outcome = err.status or (UNREACHABLE if isinstance(err, UnreachableError) else outcome)
            raise
        finally:
            self._observer.api_request(call.verb, outcome, time.monotonic() - started)

    async def _send(self, call: ApiCall) -> ClientResponse:
        headers = {
            "Accept": call.accept,
            "Content-Type": call.content_type,
            "User-Agent": _USER_AGENT,
        }
        configuration = self._client.configuration
        if token := await configuration.get_api_key_with_prefix("BearerToken"):
            headers["Authorization"] = token
        answer = await self._client.call_api(
            call.method,
            f"{configuration.host}{call.relative_url}",
            header_params=headers,
            body=call.body,
            _request_timeout=call.timeout,
        )
        return cast("ClientResponse", answer.response)

    async def _refuse(self, call: ApiCall, answer: ClientResponse) -> None:
        if answer.status >= HTTPStatus.BAD_REQUEST:
            body = await answer.read()
            raise error_of(answer.status, body, path=call.path, headers=answer.headers)

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except (TimeoutError, ClientError, OSError, ConfigException) as err:
            raise UnreachableError(
                f"the API server {printable(str(self.server.origin()))} can't be reached: "
                f"{_why(err)}"
            ) from err

    def _no_api(self) -> ApiError:
        return ApiError(
            f"{printable(str(self.server.origin()))} did not answer with JSON; is it an API server?"
        )


async def _body(call: ApiCall, answer: ClientResponse) -> bytes:
    if call.max_bytes is None:
        return await answer.read()
    pieces, size = [], 0
    async for piece in answer.content.iter_any():
        size += len(piece)
        if size > call.max_bytes:
            raise OversizedError(
                f"the API server's answer to {printable(call.path)} is larger than the "
                f"{call.max_bytes:,} bytes that slimgate reads of it"
            )
        pieces.append(piece)
    return b"".join(pieces)


def _drop(answer: ClientResponse) -> None:
    """Let go of an answer; one that was read to its end has given its connection back already."""
    connection = answer.connection
    if connection is not None and connection.transport is not None:
        # Closing in good form would wait for a server that may be dead, or still be sending.
        connection.transport.abort()
    answer.close()


def _why(err: Exception) -> str:
    match err:
        case ClientConnectorCertificateError():
            return "its certificate is not trusted; check the kubeconfig's certificate-authority"
        case ClientConnectorDNSError():
            return "its name does not resolve"
        case TimeoutError():
            return "it did not answer in time"
        case ConfigException():
            return "the service account's token can't be read"
        case ClientOSError() | OSError() if err.strerror:
            why = err.strerror.lower()
            # asyncio's own text for it has addresses in Python's form.
            return "connection refused" if "connect call failed" in why else printable(why)
    return "it closed the connection"
