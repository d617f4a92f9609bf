"""Registries that a proxy leads to: over real sockets, by CONNECT."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from yarl import URL

from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.errors import ImageError, RefusedAddressError
from slimgate.core.images.reference import Reference
from slimgate.registry.client import RegistryClient
from slimgate.registry.proxies import parse_proxy
from slimgate.registry.settings import RegistrySettings
from slimgate.settings import Exemption
from tests.registry.hostile import FakeDns, hostile
from tests.registry.servers import Authority
from tests.registry.test_silent_registries import OK


@dataclass
class Connects:
    """A proxy that leads everybody to one place; `asked` are the heads of requests."""

    port: int = 0
    asked: list[str] = field(default_factory=list)


@asynccontextmanager
async def connecting(to: str, refusal: str | None = None) -> AsyncIterator[Connects]:
    """Serve CONNECT, or refuse it by a status line."""
    found = Connects()

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if refusal is not None:
            writer.write(f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n".encode())
            writer.close()
            return
        host, _, port = to.rpartition(":")
        there, back = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pipe(reader, back), pipe(there, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()


def by_proxy(port: int, authority: Authority, user: str = "") -> RegistrySettings:
    """Make settings with a proxy on loopback, which nothing else may call there."""
    return RegistrySettings(
        proxy=parse_proxy(f"http://{user}localhost:{port}"),
        exemptions={"registry.test": Exemption(ca_file=str(authority.ca))},
        retries=(),
    )


REGISTRY = Reference.parse("registry.test/a/b:1")


async def test_a_registry_by_a_proxy(authority: Authority) -> None:
    """Its name need not resolve here, and its certificate is checked as ever."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate, authority.key)
    async with hostile(OK, context) as server, connecting(server.host) as proxy:
        dns = FakeDns({"localhost": ["127.0.0.1"]})
        settings = by_proxy(proxy.port, authority, "me:secret@")
        async with RegistryClient(settings, resolver=dns) as client:
            assert (await client.document(REGISTRY, ANONYMOUS)).body == b"{}"
            for wrong in (f"localhost:{proxy.port}", "127.1", "10.0.0.1", "169.254.169.254"):
                with pytest.raises(RefusedAddressError):
                    await client.document(Reference.parse(f"{wrong}/a/b:1"), ANONYMOUS)

    (head,) = proxy.asked
    assert head.startswith("CONNECT registry.test:443 HTTP/1.1")
    assert b64encode(b"me:secret").decode() in head
    assert dns.asked == ["localhost"]


async def test_a_proxy_that_does_not_serve(authority: Authority) -> None:
    """It is the proxy that is said to refuse or to be away, and no password is shown."""
    dns = FakeDns({"localhost": ["127.0.0.1"]})
    async with connecting("127.0.0.1:1", "407 Proxy Authentication Required") as proxy:
        settings = by_proxy(proxy.port, authority, "me:secret@")
        async with RegistryClient(settings, resolver=dns) as client:
            with pytest.raises(ImageError) as caught:
                await client.document(REGISTRY, ANONYMOUS)
            name = f"the proxy localhost:{proxy.port}"
            said = f"{name} does not let it be called (it answered 407)"
            assert str(caught.value) == f"registry.test can't be reached: {said}"
    async with RegistryClient(settings, resolver=dns) as client:
        with pytest.raises(ImageError, match=f"{name} can't be reached: nothing answers"):
            await client.document(REGISTRY, ANONYMOUS)


SERVED = [
    ("", "https://ghcr.io/", True),
    ("", "https://ghcr.io:5000/", True),
    ("", "http://ghcr.io/", False),
    ("", "https://localhost:5000/", False),
    ("", "https://127.0.0.1:5000/", False),
    ("*", "https://ghcr.io/", False),
    ("other.io, ghcr.io", "https://ghcr.io/", False),
    ("GHCR.io", "https://pkg.ghcr.io/", False),
    (".ghcr.io", "https://ghcr.io/", True),
    (".ghcr.io", "https://pkg.ghcr.io/", False),
    ("*.ghcr.io", "https://pkg.ghcr.io/", False),
    ("hcr.io", "https://ghcr.io/", True),
    ("ghcr.io:5000", "https://ghcr.io/", True),
    ("ghcr.io:443", "https://ghcr.io/", False),
    ("10.0.0.0/8", "https://10.1.2.3/", False),
    ("10.0.0.0/8", "https://0x0a010203/", False),
    ("10.0.0.0/8", "https://11.1.2.3/", True),
    ("10.1.2.3:5000", "https://10.1.2.3:5000/", False),
    ("10.1.2.3:5000", "https://10.1.2.3/", True),
    ("fd00::/8", "https://[fd00::1]/", False),
    ("[fd00::1]:443", "https://[fd00::1]/", False),
    (",, ", "https://ghcr.io/", True),
]


@pytest.mark.parametrize(("exempt", "url", "served"), SERVED)
def test_who_goes_by_the_proxy(exempt: str, url: str, *, served: bool) -> None:
    """NO_PROXY means what it does to Go's programs."""
    assert parse_proxy("proxy.internal:3128", exempt).serves(URL(url)) == served


@pytest.mark.parametrize("text", ["socks5://a:1", "http://", "ftp://a", "http://a:99999"])
def test_what_is_no_proxy(text: str) -> None:
    """Other kinds are refused."""
    with pytest.raises(ValueError, match=r"\w"):
        parse_proxy(text)
