"""Asks kubelets what they measured, straight at their port, with the right to nodes/stats alone.

Their thresholds take the right to nodes/configz besides, and are read only if that is wanted.

Never through the API server: that takes nodes/proxy, which is the right to run anything anywhere
(https://kubernetes.io/docs/concepts/security/rbac-good-practices). Every kubelet sees the
credentials that it is asked with, so they should be of a service account that may do nothing else.
"""

import asyncio
import ipaddress
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self, TypeVar

import aiohttp
from yarl import URL

from slimgate.core.errors import KubeletError, SettingsError
from slimgate.core.nesting import parse, values_in
from slimgate.core.nodes.node import Node
from slimgate.core.nodes.summary import ImageFs, image_fs_of
from slimgate.core.nodes.thresholds import Thresholds, thresholds_of
from slimgate.core.text import printable
from slimgate.engine.bounded import Bounded
from slimgate.process.client_tls import client_context
from slimgate.process.frames import FrameConnector

T = TypeVar("T")

_LOG: Final = logging.getLogger(__name__)
MAX_SUMMARY: Final = 16 * 2**20
"""Bytes of a summary: some KB a container, and its volumes; a guess with a wide margin."""
_MAX_VALUES: Final = 2**18
"""Of a summary: some hundred a container. They take Python a third of a second, in a thread."""
_LIGHT_BYTES: Final = 2**16
_LARGE_BYTES: Final = 2**20
"""More than the answer of a node of 110 pods; what is larger is read from few at the same time."""
_LARGE_AT_ONCE: Final = 2
_SUMMARY: Final = "/stats/summary"
_CONFIG: Final = "/configz"
_RIGHTS: Final = {_SUMMARY: "nodes/stats", _CONFIG: "nodes/configz"}
"""What a kubelet asks for where it has fine-grained rights; older ones ask for nodes/proxy.

https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz
"""
_MAX_NODES: Final = 10_000
"""Whose thresholds are kept: nodes come under ever new names, and go."""
_CONFIG_SECONDS: Final = 3_600.0
"""For so long a kubelet's thresholds are believed: it reads its file when it starts."""


def kubelet_tls(
    *,
    ca_file: str | None = None,
    client_cert: str | None = None,
    client_key: str | None = None,
    skip_verify: bool = False,
) -> ssl.SSLContext:
    """Make the TLS settings; SettingsError names the file that can't be used.

    `skip_verify` is for kubelets with certificates that they signed themselves, kubeadm's default:
    whoever can answer for a node's address then gets the credentials.
    """
    try:
        context = client_context(ca_file)
    except OSError as err:
        raise SettingsError(f"the kubelets' CA file {ca_file} holds no PEM certificates") from err
    if client_cert is not None:
        try:
            context.load_cert_chain(client_cert, client_key)
        except OSError as err:
            raise SettingsError(
                f"the client certificate {client_cert} for kubelets can't be used: it and its key "
                "must be PEM files that belong together"
            ) from err
    if skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def no_headers() -> Mapping[str, str]:
    """Return none: the TLS settings hold a client certificate."""
    return {}


class Kubelets:
    """Asks kubelets; an async context manager, for one event loop.

    `seconds` covers one whole answer. `loopback` permits nodes at loopback addresses, which no
    kubelet in a cluster has.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext,
        headers: Callable[[], Mapping[str, str]] = no_headers,
        seconds: float = 5.0,
        concurrency: int = 32,
        loopback: bool = False,
        thresholds: bool = False,
    ) -> None:
        self._tls = tls
        self._headers = headers
        self._seconds = seconds
        self._turns = asyncio.Semaphore(concurrency)
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)
        self._parsing = asyncio.Lock()
        self._loopback = loopback
        self._wanted = thresholds
        self._thresholds: Bounded[str, tuple[float, Thresholds | None]] = Bounded(_MAX_NODES)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=FrameConnector(limit=0, ssl=self._tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,  # a proxy would get the credentials
            timeout=aiohttp.ClientTimeout(total=None),
            # A compressed body could grow without limit behind the byte cap.
            headers={"User-Agent": "slimgate", "Accept-Encoding": "identity"},
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

    async def image_fs(self, node: Node) -> ImageFs:
        """Get what a node's kubelet measured of its images; KubeletError says why it can't be."""
        found = await self._read(node, _SUMMARY, image_fs_of)
        if found is None:
            raise _failed(node.name, "no_stats", "its summary has no image file system")
        return replace(found, thresholds=await self._thresholds_of(node)) if self._wanted else found

    async def _thresholds_of(self, node: Node) -> Thresholds | None:
        """Get them once an hour; where they can't be had, its defaults are as good as known."""
        now = time.monotonic()
        until, known = self._thresholds.get(node.name) or (now, None)
        if until > now:
            return known
        try:
            known = await self._read(node, _CONFIG, thresholds_of)
        except KubeletError as error:
            _LOG.warning("%s, so its default thresholds are assumed", error)
            known = None
        self._thresholds.put(node.name, (now + _CONFIG_SECONDS, known))
        return known

    async def _read(self, node: Node, path: str, read: Callable[[object], T]) -> T:
        url = self._url(node, path)
        async with self._turns, AsyncExitStack() as stack:
            body = await self._get(node.name, url, stack)
            if values_in(body) > _MAX_VALUES:
                why = f"it answers with more than {_MAX_VALUES} values"
                raise _failed(node.name, "no_stats", why)
            try:
                return await self._parsed(body, read)
            except (ValueError, RecursionError) as err:
                raise _failed(node.name, "no_stats", "its answer is not JSON") from err

    async def _parsed(self, body: bytes, read: Callable[[object], T]) -> T:
        if len(body) <= _LIGHT_BYTES:
            return read(parse(body)[0])
        # One at a time, since a text takes many times its size, and the loop is everybody's.
        async with self._parsing:
            return await asyncio.to_thread(lambda: read(parse(body, gently=True)[0]))

    def _url(self, node: Node, path: str) -> URL:
        """Make the address; a node's status may hold any text."""
        try:
            address = ipaddress.ip_address(node.address or "")
        except ValueError as err:
            raise _failed(node.name, "no_address", "its status has no InternalIP") from err
        # The kubelet refuses to start at these itself, so such a status is wrong or hostile.
        bare = getattr(address, "ipv4_mapped", None) or address
        refused = bare.is_multicast or bare.is_link_local or bare.is_unspecified
        if refused or (bare.is_loopback and not self._loopback):
            why = f"slimgate does not call {bare}, since a kubelet can't have that address"
            raise _failed(node.name, "no_address", why)
        return URL.build(scheme="https", host=str(address), port=node.port, path=path)

    async def _get(self, name: str, url: URL, stack: AsyncExitStack) -> bytes:
        """Get an answer, which takes its place until the stack ends if it is large."""
        if self._session is None:
            raise RuntimeError("kubelets are asked outside of their context")
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._session.get(url, headers=self._headers(), allow_redirects=False) as answer,
            ):
                if answer.status != HTTPStatus.OK:
                    raise _failed(name, "refused", _refusal(answer.status, _RIGHTS[url.path]))
                return await self._body(name, answer, stack)
        except TimeoutError as err:
            why = f"it did not answer in full within {self._seconds:g} s"
            raise _failed(name, "late", why) from err
        except aiohttp.ClientError as err:
            raise _failed(name, "unreachable", _why(err)) from err

    async def _body(
        self, name: str, answer: aiohttp.ClientResponse, stack: AsyncExitStack
    ) -> bytes:
        body, is_large = bytearray(), False
        async for piece in answer.content.iter_any():
            body += piece
            if len(body) > MAX_SUMMARY:
                answer.close()
                raise _failed(name, "no_stats", f"it answers with more than {MAX_SUMMARY} bytes")
            if len(body) > _LARGE_BYTES and not is_large:
                is_large = True
                await stack.enter_async_context(self._large)
        return bytes(body)


def _refusal(status: int, right: str) -> str:
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return "it does not accept the credentials; does it authenticate by webhook?"
        case HTTPStatus.FORBIDDEN:
            return f"a right is missing; grant get on {right} with a ClusterRole"
        case _:
            return f"it answered {status}"


def _why(err: aiohttp.ClientError) -> str:
    if isinstance(err, aiohttp.ClientConnectorCertificateError):
        return (
            "its certificate is not trusted; give slimgate the CA that signed it, or "
            "accept any certificate with kubeletSkipTLSVerify"
        )
    speaks = not isinstance(err, aiohttp.ClientConnectorSSLError)
    if isinstance(err, aiohttp.ClientConnectorError) and speaks:
        return "nothing answers at its address"
    return "the connection broke, or it is not an HTTPS server"


def _failed(name: str, reason: str, why: str) -> KubeletError:
    node = printable(name, 128)
    return KubeletError(f"the kubelet of node {node} can't be read: {why}", reason=reason)
