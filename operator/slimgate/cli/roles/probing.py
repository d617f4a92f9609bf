"""What `helm test` asks: whether both roles are ready and have metrics, and the webhook answers."""

import asyncio
import json
import math
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Final

import aiohttp

from slimgate.core.errors import SettingsError
from slimgate.core.text import printable

ROLES: Final = ("controller", "webhook")
_ROLE: Final = re.compile(rb'^slimgate_build_info\{[^}\n]*role="(\w+)"', re.MULTILINE)
_MAX_BYTES: Final = 16 * 1024 * 1024
_MAX_PODS: Final = 200
_TRY_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 1.0
_LATE: Final = "no answer in time"
_UID: Final = "slimgate-probe"
# A deletion brings no image: it is answered at once, whatever policies there are.
_REVIEW: Final = {
    "apiVersion": "admission.k8s.io/v1",
    "kind": "AdmissionReview",
    "request": {
        "uid": _UID,
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "operation": "DELETE",
        "namespace": "default",
        "userInfo": {"username": "slimgate-probe"},
        "dryRun": True,
    },
}

Resolve = Callable[[str], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeTargets:
    """`host` is that of a Service each of whose addresses is a pod; `admissions` is a URL."""

    host: str
    port: int
    admissions: str
    ca_file: str


@dataclass(slots=True)
class ProbeFindings:
    """Sentences about what is as it should be, and what is not."""

    good: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)


async def addresses(host: str) -> Sequence[str]:
    """Return all addresses of a host."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return sorted({str(one[4][0]) for one in found})


async def probe(
    targets: ProbeTargets, seconds: float, resolve: Resolve = addresses
) -> ProbeFindings:
    """Look again and again until all is well or the time is over; return what was seen last."""
    found = ProbeFindings(bad=["nothing was asked in the time that was given"])
    with suppress(TimeoutError):
        async with asyncio.timeout(None if math.isinf(seconds) else seconds):
            while (found := await look(targets, resolve)).bad:  # noqa: ASYNC110 - asked
                await asyncio.sleep(_PAUSE_SECONDS)
    return found


async def look(targets: ProbeTargets, resolve: Resolve = addresses) -> ProbeFindings:
    """Look once."""
    found = ProbeFindings()
    async with _session(targets.ca_file) as session:
        await _look_at_roles(session, targets, resolve, found)
        await _ask_webhook(session, targets.admissions, found)
    return found


async def _look_at_roles(
    session: aiohttp.ClientSession, targets: ProbeTargets, resolve: Resolve, found: ProbeFindings
) -> None:
    try:
        pods = await resolve(targets.host)
    except OSError as error:
        found.bad.append(f"{targets.host} has no address, so no pod is ready: {error}")
        return
    roles = set()
    for pod in pods[:_MAX_PODS]:
        try:
            roles.add(await _role(session, _origin(pod, targets.port)))
        except (aiohttp.ClientError, _FaultError, TimeoutError) as error:
            found.bad.append(f"{pod}: {str(error) or _LATE}")
    for role in ROLES:
        if role in roles:
            found.good.append(f"the {role} is ready and has metrics")
        else:
            found.bad.append(f"no pod behind {targets.host} says that it is the {role}")


def _origin(address: str, port: int) -> str:
    host = f"[{address}]" if isinstance(ip_address(address), IPv6Address) else address
    return f"http://{host}:{port}"


async def _role(session: aiohttp.ClientSession, origin: str) -> str:
    """Return what a pod says that it is, once it has said that it is ready."""
    await _read(session, "GET", f"{origin}/readyz")
    role = _ROLE.search(await _read(session, "GET", f"{origin}/metrics"))
    if role is None:
        raise _FaultError("its /metrics lack slimgate_build_info")
    return role[1].decode()


async def _ask_webhook(session: aiohttp.ClientSession, url: str, found: ProbeFindings) -> None:
    try:
        _check(await _read(session, "POST", f"{url}/validate", json.dumps(_REVIEW).encode()))
        found.good.append(f"{url} answers admissions, with a certificate of its CA")
    except (aiohttp.ClientError, _FaultError, TimeoutError) as error:
        found.bad.append(f"{url}: {str(error) or _LATE}")
    except _NotAskedError:
        found.good.append(f"{url} answers the API server only, with a certificate of its CA")


def _check(answer: bytes) -> None:
    try:
        response = json.loads(answer)["response"]
    except (ValueError, LookupError, TypeError):
        response = None
    if response != {"uid": _UID, "allowed": True}:
        raise _FaultError(f"it answers {printable(answer.decode(errors='replace'), 200)}")


class _NotAskedError(Exception):
    """Only the API server may ask, which shows a client certificate."""


class _FaultError(Exception):
    """An answer came, and it is not the one that should come."""


@asynccontextmanager
async def _session(ca_file: str) -> AsyncIterator[aiohttp.ClientSession]:
    try:
        context = await asyncio.to_thread(ssl.create_default_context, cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"--ca {ca_file}: no certificate can be read: {error}") from error
    timeout = aiohttp.ClientTimeout(total=_TRY_SECONDS)
    connector = aiohttp.TCPConnector(ssl=context, force_close=True)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield session


async def _read(
    session: aiohttp.ClientSession, method: str, url: str, data: bytes | None = None
) -> bytes:
    headers = {"Content-Type": "application/json"}
    async with session.request(method, url, data=data, headers=headers) as response:
        body = b""
        while more := await response.content.read(_MAX_BYTES - len(body)):
            body += more
    if response.status == HTTPStatus.UNAUTHORIZED and data is not None:
        raise _NotAskedError
    if response.status != HTTPStatus.OK:
        said = printable(body.decode(errors="replace").strip(), 200)
        raise _FaultError(f"{response.url.path} answers {response.status}: {said}")
    return body
