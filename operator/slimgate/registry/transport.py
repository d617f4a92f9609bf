"""Sends requests: one session, guarded addresses, redirects by hand, deadlines.

Knows nothing of registries' documents or logins; raises core.errors only.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from slimgate.core.errors import ImageError, UnavailableError, UnsupportedError
from slimgate.engine.fair import NOBODY
from slimgate.process.frames import FrameConnector
from slimgate.registry import tls
from slimgate.registry.body import Answer
from slimgate.registry.breaker import Attempt, Breaker
from slimgate.registry.guard import Guard, GuardedResolver
from slimgate.registry.names import FairResolver
from slimgate.registry.proxies import Proxy
from slimgate.registry.regulars import Regulars
from slimgate.registry.requests import HttpRequest
from slimgate.registry.settings import RegistryObserver, RegistrySettings
from slimgate.registry.urls import host_of

MAX_REDIRECTS: Final = 5
_KEPT_ORIGINS: Final = 24
"""Of so many hosts connections are kept: each may keep eight, of up to 300 KB by its TLS."""
_IDLE_SECONDS: Final = 15.0
"""For how long aiohttp keeps one."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_OUTSIDE: Final = "the transport is used outside of its context"
_MAX_REDIRECT_BODY: Final = 64 * 2**10


class _Trip:
    """Where a request has come to by redirects."""

    __slots__ = ("request",)

    def __init__(self, request: HttpRequest) -> None:
        self.request = request


class Transport:
    """An async context manager that owns the connections."""

    def __init__(
        self,
        settings: RegistrySettings,
        observer: RegistryObserver,
        breaker: Breaker,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._settings = settings
        self._observer = observer
        self._breaker = breaker
        self._asker = ContextVar("asker", default=NOBODY)
        self._resolver = resolver or FairResolver(self._asker.get)
        self.guard = Guard(settings)
        self._contexts: tls.TlsContexts | None = None
        self._session: aiohttp.ClientSession | None = None
        self._passing: aiohttp.ClientSession | None = None
        self._regulars = Regulars(_KEPT_ORIGINS, _IDLE_SECONDS)

    async def __aenter__(self) -> Self:
        self._contexts = await asyncio.to_thread(tls.load_contexts, self._settings)
        self._session, self._passing = self._connect(), self._connect(force_close=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for session in (self._session, self._passing):
            if session is not None:
                await session.close()
        self._session = self._passing = None

    def _connect(self, *, force_close: bool = False) -> aiohttp.ClientSession:
        connector = FrameConnector(
            resolver=GuardedResolver(self.guard, self._resolver),
            limit=0,  # counted in ratelimit.py: one slow registry must not stop others
            force_close=force_close,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,  # a netrc holds logins that are not for us
            timeout=aiohttp.ClientTimeout(
                total=None,
                sock_connect=self._settings.connect_seconds,
                sock_read=self._settings.request_seconds,
            ),
            headers={
                "User-Agent": self._settings.user_agent,
                # A compressed body could grow without limit behind the byte caps.
                "Accept-Encoding": "identity",
            },
        )

    @contextmanager
    def asking(self, asker: str) -> Iterator[None]:
        """Tell whose names are looked up meanwhile, also by tasks that are begun."""
        token = self._asker.set(asker)
        try:
            yield
        finally:
            self._asker.reset(token)

    @asynccontextmanager
    async def open(self, request: HttpRequest) -> AsyncIterator[Answer]:
        """Send the request and yield its answer; the deadline covers reading it too.

        Nothing is sent to a host that has stopped answering, and none is waited for that has sent
        nothing for as long as a request may take.
        """
        trip = _Trip(request)
        attempt = self._attempt(request)
        started = time.monotonic()
        outcome: int | str = "error"
        try:
            async with asyncio.timeout(request.seconds) as deadline:
                response = await self._follow(trip, attempt, deadline)
                outcome = response.status
                try:
                    yield Answer(response, trip.request, deadline)
                finally:
                    _finish(response)
        except (aiohttp.ClientError, TimeoutError) as err:
            outcome = UnavailableError.reason
            raise self._unavailable(trip.request, err) from err
        except ImageError as err:
            outcome = err.reason if outcome == "error" else outcome
            raise
        finally:
            elapsed = time.monotonic() - started
            self._observer.request(request.host, request.method, outcome, elapsed)

    def _attempt(self, request: HttpRequest) -> Attempt:
        try:
            return self._breaker.attempt(request.asked, request.name)
        except UnavailableError as err:
            self._observer.request_skipped(request.host, err.reason)
            raise

    def _unavailable(self, request: HttpRequest, err: Exception) -> UnavailableError:
        # The same text for all, so that reports do not change with who was let through.
        down = self._breaker.error(request.asked, request.name)
        if down is not None:
            return down
        if isinstance(err, aiohttp.SocketTimeoutError):
            return UnavailableError(f"{request.name} sent {self._nothing()}")
        if isinstance(err, aiohttp.ClientError):
            return UnavailableError(f"{request.name} can't be reached: {self._why(request, err)}")
        return UnavailableError(
            f"{request.name} did not answer in full within {request.seconds:g} s"
        )

    async def _follow(
        self, trip: "_Trip", attempt: Attempt, deadline: asyncio.Timeout
    ) -> aiohttp.ClientResponse:
        for left in range(MAX_REDIRECTS, -1, -1):
            request = trip.request
            with attempt:
                response = await self._asked(request, attempt, deadline)
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or location is None:
                return response
            try:
                target = request.target(location)
                # Reading the little body that comes along keeps the connection for the next one.
                await Answer(response, request).peek(_MAX_REDIRECT_BODY)
            finally:
                _finish(response)
            if left:
                trip.request = request.to(target)
                attempt = self._attempt(trip.request)
        raise UnsupportedError(f"{trip.request.host} redirects more than {MAX_REDIRECTS} times")

    async def _asked(
        self, request: HttpRequest, attempt: Attempt, deadline: asyncio.Timeout
    ) -> aiohttp.ClientResponse:
        """Send a request, and tell the breaker whether its host answers."""
        started = time.monotonic()
        try:
            response = await self._send(request)
        except asyncio.CancelledError:
            # Cancelled by the deadline, and not for want of the time that redirects took.
            if deadline.expired() and time.monotonic() - started > request.seconds / 2:
                cause = f"nothing within {request.seconds:g} s"
                attempt.silent(cause, waited=True, reached=True)
            raise
        except aiohttp.SocketTimeoutError:
            attempt.silent(self._nothing(), waited=True, reached=True)
            raise
        except aiohttp.ConnectionTimeoutError as err:
            attempt.silent(self._why(request, err), waited=True, reached=False)
            raise
        except aiohttp.ClientConnectionError as err:
            reached = not isinstance(err, aiohttp.ClientConnectorError)
            attempt.silent(self._why(request, err), waited=False, reached=reached)
            raise
        except aiohttp.ClientResponseError:
            attempt.answered()  # with what is no HTTP
            raise
        attempt.answered()
        return response

    def _proxy(self, url: URL) -> Proxy | None:
        proxy = self._settings.proxy
        return proxy if proxy is not None and proxy.serves(url) else None

    def _why(self, request: HttpRequest, err: aiohttp.ClientError) -> str:
        if (fault := tls.fault(err)) is not None:
            return fault
        proxy = self._proxy(request.url)
        if proxy is not None and isinstance(err, aiohttp.ClientHttpProxyError):
            return f"{proxy.name} does not let it be called (it answered {err.status})"
        by = f"{proxy.name} can't be reached: " if proxy is not None else ""
        if isinstance(err, aiohttp.ClientConnectorDNSError):
            return f"{by}its name does not resolve"
        if isinstance(err, aiohttp.ClientConnectorError):
            return f"{by}nothing answers at its address"
        if isinstance(err, aiohttp.ConnectionTimeoutError):
            return "connecting to it timed out"
        return "the connection broke, or it is not an HTTP server"

    def _nothing(self) -> str:
        return f"nothing within {self._settings.request_seconds:g} s"

    async def _send(self, request: HttpRequest) -> aiohttp.ClientResponse:
        self.guard.check_url(request.url)
        known = self._regulars.knows(str(request.url.origin()))
        session = self._session if known else self._passing
        if session is None:
            raise RuntimeError(_OUTSIDE)
        proxy = self._proxy(request.url)
        headers = dict(request.headers)
        if request.authorization is not None:
            headers["Authorization"] = request.authorization
        return await session.request(
            request.method,
            request.url,
            headers=headers,
            data=request.form,
            allow_redirects=False,
            proxy=proxy.url if proxy is not None else None,
            ssl=self._tls(request.url),
        )

    def _tls(self, url: URL) -> ssl.SSLContext:
        if self._contexts is None:
            raise RuntimeError(_OUTSIDE)
        exemption = self.guard.exemption(host_of(url), url.port)
        if exemption is None:
            return self._contexts.usual
        if exemption.skip_tls_verify:
            return self._contexts.trusting
        by_file = self._contexts.by_file
        return by_file[exemption.ca_file] if exemption.ca_file else self._contexts.usual


def _finish(response: aiohttp.ClientResponse) -> None:
    # close() drops the connection and with it whatever the server still wants to send.
    if response.content.at_eof():
        response.release()
    else:
        response.close()
