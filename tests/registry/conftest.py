"""A real docker-registry in four ways: plain, TLS, Basic, token."""

import base64
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from slimgate.registry.client import RegistryClient
from slimgate.registry.settings import RegistryObserver, RegistrySettings
from slimgate.settings import Exemption
from tests.registry import servers
from tests.registry.hostile import Behaviour, FakeDns, Hostile, hostile
from tests.registry.servers import Authority, Registry, TokenServer
from tests.support.images import Pusher

AGENT = "slimgate-tests"


@dataclass(frozen=True, kw_only=True)
class TokenRegistry:
    """A registry and the token server that it trusts."""

    registry: Registry
    tokens: TokenServer

    def pusher(self, repository: str) -> Pusher:
        """Push with a token that the tests sign themselves, so that no request is counted."""
        token = self.tokens.sign([(repository, "pull,push")])
        return Pusher(url=self.registry.url, authorization=f"Bearer {token}")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the registries keep their files; skips where there is no docker-registry."""
    if not servers.is_installed():
        pytest.skip("docker-registry is not installed: apt-get install docker-registry")
    return tmp_path_factory.mktemp("registries")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Make a CA of the tests' own."""
    return servers.make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def plain(folder: Path) -> Iterator[Registry]:
    """Start a registry over plain HTTP, open to all."""
    registry = servers.start(folder, "plain")
    yield registry
    registry.stop()


@pytest.fixture(scope="session")
def secure(folder: Path, authority: Authority) -> Iterator[Registry]:
    """Start a registry over TLS, with a certificate of the tests' CA."""
    tls = {"certificate": str(authority.certificate), "key": str(authority.key)}
    registry = servers.start(folder, "secure", {"http": {"tls": tls}})
    yield registry
    registry.stop()


@pytest.fixture(scope="session")
def locked(folder: Path) -> Iterator[Registry]:
    """Start a registry that wants Basic: alice and her password."""
    passwords = folder / "htpasswd"
    passwords.write_text(servers.HTPASSWD)
    auth = {"htpasswd": {"realm": "tests", "path": str(passwords)}}
    registry = servers.start(folder, "locked", {"auth": auth})
    yield registry
    registry.stop()


@pytest.fixture
def token(folder: Path, tmp_path: Path) -> Iterator[TokenRegistry]:
    """Start a registry that wants tokens, and a token server that counts."""
    tokens = TokenServer(tmp_path)
    auth = {
        "token": {
            "realm": tokens.realm,
            "service": servers.SERVICE,
            "issuer": servers.ISSUER,
            "rootcertbundle": str(tokens.bundle),
        }
    }
    assert folder.exists()
    registry = servers.start(tmp_path, "token", {"auth": auth})
    yield TokenRegistry(registry=registry, tokens=tokens)
    registry.stop()
    tokens.stop()


@pytest.fixture
def push(plain: Registry) -> Pusher:
    """Pushes to the plain registry."""
    return Pusher(url=plain.url)


@pytest.fixture
def push_locked(locked: Registry) -> Pusher:
    """Pushes to the Basic registry as alice."""
    pair = f"{servers.USER}:{servers.PASSWORD}".encode()
    header = f"Basic {base64.b64encode(pair).decode()}"
    return Pusher(url=locked.url, authorization=header)


@pytest.fixture
def push_secure(secure: Registry, authority: Authority) -> Pusher:
    """Pushes to the TLS registry."""
    context = ssl.create_default_context(cafile=str(authority.ca))
    return Pusher(url=secure.url, context=context)


def settings_for(*hosts: str, **changes: object) -> RegistrySettings:
    """Make settings that call these hosts over plain HTTP on loopback, and nothing else there."""
    exemptions = {host: Exemption(plain_http=True, loopback=True) for host in hosts}
    fields: dict[str, object] = {
        "exemptions": exemptions,
        "user_agent": AGENT,
        "retries": (),
        **changes,
    }
    return RegistrySettings(**fields)  # type: ignore[arg-type]


@asynccontextmanager
async def asking(
    behave: Behaviour,
    *others: str,
    observer: RegistryObserver | None = None,
    resolver: FakeDns | None = None,
    clock: Callable[[], float] = time.monotonic,
    **changes: object,
) -> AsyncIterator[tuple[Hostile, RegistryClient]]:
    """Serve a registry that behaves so, and a client that may call it, and others."""
    async with hostile(behave) as server:
        settings = settings_for(server.host, *others, **changes)
        async with RegistryClient(
            settings, observer=observer, resolver=resolver, clock=clock
        ) as client:
            yield server, client
