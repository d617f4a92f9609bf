"""Sends requests: one session, guarded addresses, redirects by hand, deadlines.

Knows nothing of registries' documents or logins; raises core.errors only.
"""

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from slimgate.core.errors import (
    ImageError,
    RefusedAddressError,
    SettingsError,
    UnavailableError,
    UnsupportedError,
)
from slimgate.core.text import printable
from slimgate.registry.body import Answer
from slimgate.registry.breaker import Asked, Attempt, Breaker
from slimgate.registry.guard import Guard, GuardedResolver
from slimgate.registry.settings import RegistryObserver, RegistrySettings

MAX_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECT_BODY: Final = 64 * 2**10
_LOCATION: Final = re.compile(r"[\x21-\x7e]{1,8192}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request; `host` is the name it is counted and reported under, `seconds` its deadline.

    `repository` is what it is for, `via` who chose the host if no reference did. `authorization`
    is left off once a redirect leads to another host or port.
    """

    method: str
    url: URL
    host: str
    seconds: float
    repository: str
    via: Hashable = None
    headers: Mapping[str, str] = field(default_factory=dict)
    authorization: str | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)


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
        self._inner_resolver = resolver
        self.guard = Guard(settings)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._contexts = await asyncio.to_thread(_load_contexts, self._settings)
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(self.guard, self._inner_resolver),
            limit=0,  # counted by host in ratelimit.py: one slow registry must not stop others
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,  # a proxy or a netrc would step round the address guard
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
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @asynccontextmanager
    async def open(self, request: HttpRequest) -> AsyncIterator[Answer]:
        """Send the request and yield its answer; the deadline covers reading it too.

        Nothing is sent to a host that has stopped answering, and none is waited for that has sent
        nothing for as long as a request may take.
        """
        attempt = self._attempt(request, request.host)
        started = time.monotonic()
        outcome: int | str = "error"
        try:
            async with asyncio.timeout(request.seconds) as deadline:
                response = await self._follow(request, attempt, deadline)
                outcome = response.status
                try:
                    yield Answer(response, request.host)
                finally:
                    _finish(response)
        except (aiohttp.ClientError, TimeoutError) as err:
            outcome = UnavailableError.reason
            raise self._unavailable(request, err) from err
        except ImageError as err:
            outcome = err.reason if outcome == "error" else outcome
            raise
        finally:
            elapsed = time.monotonic() - started
            self._observer.request(request.host, request.method, outcome, elapsed)

    def _attempt(self, request: HttpRequest, name: str) -> Attempt:
        try:
            return self._breaker.attempt(_asked(request), name)
        except UnavailableError as err:
            self._observer.request_skipped(request.host, err.reason)
            raise

    def _unavailable(self, request: HttpRequest, err: Exception) -> UnavailableError:
        # The same text for all, so that reports do not change with who was let through.
        down = self._breaker.error(_asked(request), request.host)
        if down is not None:
            return down
        if isinstance(err, aiohttp.SocketTimeoutError):
            return UnavailableError(f"{request.host} sent {self._nothing()}")
        if isinstance(err, aiohttp.ClientError):
            return UnavailableError(f"{request.host} can't be reached: {_why(err)}")
        return UnavailableError(
            f"{request.host} did not answer in full within {request.seconds:g} s"
        )

    async def _follow(
        self, request: HttpRequest, attempt: Attempt, deadline: asyncio.Timeout
    ) -> aiohttp.ClientResponse:
        for left in range(MAX_REDIRECTS, -1, -1):
            with attempt:
                response = await self._asked(request, attempt, deadline)
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or location is None:
                return response
            try:
                target = _target(request, location)
                # Reading the little body that comes along keeps the connection for the next one.
                await Answer(response, request.host).peek(_MAX_REDIRECT_BODY)
            finally:
                _finish(response)
            if left:
                request = _moved(request, target)
                attempt = self._attempt(request, printable(target.authority, 128))
        raise UnsupportedError(f"{request.host} redirects more than {MAX_REDIRECTS} times")

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
            attempt.silent(_why(err), waited=True, reached=False)
            raise
        except aiohttp.ClientConnectionError as err:
            reached = not isinstance(err, aiohttp.ClientConnectorError)
            attempt.silent(_why(err), waited=False, reached=reached)
            raise
        except aiohttp.ClientResponseError:
            attempt.answered()  # with what is no HTTP
            raise
        attempt.answered()
        return response

    def _nothing(self) -> str:
        return f"nothing within {self._settings.request_seconds:g} s"

    async def _send(self, request: HttpRequest) -> aiohttp.ClientResponse:
        if self._session is None:
            raise RuntimeError("the transport is used outside of its context")
        self.guard.check_url(request.url)
        headers = dict(request.headers)
        if request.authorization is not None:
            headers["Authorization"] = request.authorization
        return await self._session.request(
            request.method,
            request.url,
            headers=headers,
            data=request.form,
            allow_redirects=False,
            ssl=self._tls(request.url),
        )

    def _tls(self, url: URL) -> ssl.SSLContext | bool:
        exemption = self.guard.exemption(url.host or "", url.port)
        if exemption is None:
            return True
        if exemption.skip_tls_verify:
            return False
        return self._contexts[exemption.ca_file] if exemption.ca_file else True


def same_origin(one: URL, other: URL) -> bool:
    """Whether both are the same host and port, so that a credential for one is for the other."""
    return _origin(one) == _origin(other)


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    return url.scheme, url.host, url.port


def _asked(request: HttpRequest) -> Asked:
    return Asked(origin=_origin(request.url), repository=request.repository, via=request.via)


def _target(request: HttpRequest, location: str) -> URL:
    if request.form is not None:
        raise UnsupportedError(f"{request.host} redirects a request that holds a secret")
    if not _LOCATION.fullmatch(location):
        raise UnsupportedError(f"{request.host} redirects without an address")
    # Signed URLs break if their escapes are normalised.
    try:
        target = request.url.join(URL(location, encoded=True)).with_fragment(None)
        _ = target.port
    except ValueError as err:
        raise UnsupportedError(f"{request.host} redirects without an address") from err
    if request.url.scheme == "https" and target.scheme != "https":
        raise RefusedAddressError(f"{request.host} redirects from HTTPS to something less safe")
    return target


def _moved(request: HttpRequest, target: URL) -> HttpRequest:
    if same_origin(request.url, target):
        return replace(request, url=target)
    via = _origin(request.url) if request.via is None else request.via
    return replace(request, url=target, via=via, authorization=None)


def _finish(response: aiohttp.ClientResponse) -> None:
    # close() drops the connection and with it whatever the server still wants to send.
    if response.content.at_eof():
        response.release()
    else:
        response.close()


def _why(err: aiohttp.ClientError) -> str:
    if isinstance(err, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return "its certificate is not trusted; give slimgate the CA that signed it"
    if isinstance(err, aiohttp.ClientConnectorDNSError):
        return "its name does not resolve"
    if isinstance(err, aiohttp.ClientConnectorError):
        return "nothing answers at its address"
    if isinstance(err, aiohttp.ConnectionTimeoutError):
        return "connecting to it timed out"
    return "the connection broke, or it is not an HTTP server"


def _load_contexts(settings: RegistrySettings) -> dict[str, ssl.SSLContext]:
    contexts: dict[str, ssl.SSLContext] = {}
    for name, exemption in settings.exemptions.items():
        if exemption.ca_file is None or exemption.ca_file in contexts:
            continue
        context = ssl.create_default_context()
        try:
            context.load_verify_locations(cafile=exemption.ca_file)
        except (OSError, ssl.SSLError) as err:
            raise SettingsError(
                f"the CA file {exemption.ca_file} of registry {name} can't be read: "
                "it must hold certificates in PEM"
            ) from err
        contexts[exemption.ca_file] = context
    return contexts
