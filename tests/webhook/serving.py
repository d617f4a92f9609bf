"""A real admission server on real sockets, and a client that trusts its certificate."""

import asyncio
import io
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from slimgate.cluster.certificates.authority import Certificates, make
from slimgate.engine.catalog import Catalog
from slimgate.process.health import serving_health
from slimgate.webhook.exceptions import ExceptionService
from slimgate.webhook.ports import Judge, Policies
from slimgate.webhook.server import WebhookServer
from slimgate.webhook.service import AdmissionService
from slimgate.webhook.settings import WebhookSettings
from tests.webhook import engine
from tests.webhook.engine import FAT, Recorder
from tests.webhook.reviews import deployment, review

HOST = "127.0.0.1"
NAMES = ("localhost", HOST)
_WAIT_SECONDS = 20.0


def certificates() -> Certificates:
    """Make a CA and a certificate for this machine."""
    return make(NAMES, datetime.now(UTC))


@dataclass
class Mount:
    """A mounted Secret, swapped by a symbolic link as the kubelet does."""

    folder: Path
    count: int = 0

    @property
    def certificate(self) -> Path:
        """Where the server finds the certificate."""
        return self.folder / "now" / "tls.crt"

    @property
    def key(self) -> Path:
        """Where the server finds the key."""
        return self.folder / "now" / "tls.key"

    def put(self, certificate: bytes, key: bytes) -> None:
        """Swap both files in one step."""
        self.folder.mkdir(exist_ok=True)
        self.count += 1
        version = self.folder / f"v{self.count}"
        version.mkdir()
        (version / "tls.crt").write_bytes(certificate)
        (version / "tls.key").write_bytes(key)
        link = self.folder / "next"
        link.symlink_to(version)
        link.rename(self.folder / "now")


@dataclass(kw_only=True)
class Live:
    """A server that runs, and how to reach it."""

    port: int
    health_port: int
    mount: Mount
    context: ssl.SSLContext
    session: aiohttp.ClientSession
    heard: Recorder
    stop: asyncio.Event
    served: bytes
    """The CA of the certificate that it began with."""
    reasons: list[str] = field(default_factory=list)
    """Why the server's owner says that it is not ready."""

    @property
    def url(self) -> str:
        """Where admissions go."""
        return f"https://{HOST}:{self.port}/validate"

    async def post(
        self, body: bytes, url: str | None = None, kind: str = "application/json"
    ) -> tuple[int, bytes]:
        """Send a body, and return status and body of the answer."""
        headers = {"Content-Type": kind}
        data = io.BytesIO(body)
        async with self.session.post(url or self.url, data=data, headers=headers) as response:
            return response.status, await response.read()

    async def health(self, path: str, method: str = "GET") -> tuple[int, str]:
        """Ask the second port."""
        url = f"http://{HOST}:{self.health_port}{path}"
        async with self.session.request(method, url) as response:
            return response.status, await response.text()

    async def ready(self) -> bool:
        """Whether the server says that it is ready."""
        try:
            return (await self.health("/readyz"))[0] == 200
        except aiohttp.ClientConnectionError:
            return False

    async def shown(self) -> bytes:
        """Return the certificate that a new connection is shown."""
        _, writer = await asyncio.open_connection(HOST, self.port, ssl=self.context)
        found: ssl.SSLObject = writer.get_extra_info("ssl_object")
        certificate = found.getpeercert(binary_form=True)
        writer.close()
        assert certificate is not None
        return certificate


@dataclass(frozen=True)
class Listed:
    """Is loaded while there is no reason against it."""

    reasons: list[str]

    def unready_reason(self) -> str | None:
        """Return the first reason."""
        return self.reasons[0] if self.reasons else None

    async def ready(self) -> None:
        """Wait until there is none."""
        while self.reasons:  # noqa: ASYNC110 - tests fill a list
            await asyncio.sleep(0.01)


class Kept:
    """A connection that is kept, and asked by hand, so that no client can replace it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, live: Live) -> "Kept":
        """Connect."""
        return cls(*await asyncio.open_connection(HOST, live.port, ssl=live.context))

    async def ask(self) -> bytes:
        """Have a fat Deployment reviewed."""
        body = review(deployment(FAT))
        head = "POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        self._writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in answer.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        return await self._reader.readexactly(length)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


@asynccontextmanager
async def serving(
    folder: Path,
    judge: Judge | None = None,
    policies: Policies | None = None,
    *,
    served: Certificates | None = None,
    host: str = HOST,
    **changes: object,
) -> AsyncIterator[Live]:
    """Run a server with a certificate, or without one if `served` has none; stop it at the end."""
    served = served or certificates()
    mount = Mount(folder)
    if served.certificate:
        mount.put(served.certificate, served.key)
    catalog = policies if isinstance(policies, Catalog) else engine.catalog()
    heard, stop, reasons = Recorder(), asyncio.Event(), list[str]()
    settings, health_port = _settings(mount, host, changes), free_port()
    server = WebhookServer(
        settings,
        AdmissionService(judge or engine.judge(catalog), policies or catalog, observer=heard),
        ExceptionService(catalog.find_policy, observer=heard),
        loaded=Listed(reasons),
        observer=heard,
    )
    context = ssl.create_default_context(cadata=served.ca_bundle.decode() or None)
    connector = aiohttp.TCPConnector(ssl=context)
    async with (
        serving_health(HOST, health_port, lambda: b"up 1\n") as health,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        health.unready = server.unready_reason
        running = asyncio.create_task(server.run(stop))
        live = Live(
            port=settings.port,
            health_port=health_port,
            mount=mount,
            context=context,
            session=session,
            heard=heard,
            stop=stop,
            reasons=reasons,
            served=served.ca_bundle,
        )
        try:
            if served.certificate:
                await until(live.ready, running)
            yield live
        finally:
            stop.set()
            await running


async def until(holds: Callable[[], object], running: "asyncio.Task[None] | None" = None) -> None:
    """Wait until something holds that only the server can bring about."""
    async with asyncio.timeout(_WAIT_SECONDS):
        while True:
            found = holds()
            if await found if asyncio.iscoroutine(found) else found:
                return
            if running is not None and running.done():
                running.result()
            await asyncio.sleep(0.01)


def _settings(mount: Mount, host: str, changes: dict[str, object]) -> WebhookSettings:
    fields: dict[str, object] = {
        "drain_seconds": 0.0,
        "shutdown_seconds": 10.0,
        "reload_seconds": 0.02,
        **changes,
    }
    return WebhookSettings(
        certificate_file=str(mount.certificate),
        key_file=str(mount.key),
        host=host,
        port=free_port(),
        **fields,  # type: ignore[arg-type]
    )


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
