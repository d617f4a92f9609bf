"""The lab's API server as slimgate reaches it: directly, by a cable that can be cut, as others."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import yaml

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.resources import NAMESPACES, OPEN_REPORTS, POLICY_REPORTS, SERVICE_ACCOUNTS
from slimgate.core.json_object import mapping_at, text_at
from tests.cluster.relay import Relay
from tests.lab.kubectl import Kubectl
from tests.lab.state import Lab

T = TypeVar("T")
Login = Callable[[str, str], Awaitable[str]]

TESTDATA: Final = Path("tests/cluster/testdata")
CRDS: Final = {
    OPEN_REPORTS.kind: TESTDATA / "openreports.yaml",
    POLICY_REPORTS.kind: TESTDATA / "wgpolicyk8s.yaml",
}


@asynccontextmanager
async def connected(kubeconfig: str) -> AsyncIterator[ClusterApi]:
    """Connect, and end with all connections: a request that is cancelled closes its own later.

    TLS waits for the server's goodbye, and a loop that ends before warns of it in any later test.
    """
    before = _transports()
    async with ClusterApi.connect(kubeconfig) as api:
        yield api
    for left in _transports() - before:
        left.abort()
    await asyncio.sleep(0.001)


def _transports() -> set[asyncio.Transport]:
    """Find what the loop waits for; it tells nobody."""
    keys = asyncio.get_running_loop()._selector.get_map().values()  # type: ignore[attr-defined]
    readers = (getattr(key.data[0], "_callback", None) for key in keys)
    owners = {getattr(reader, "__self__", None) for reader in readers}
    return {one for one in owners if isinstance(one, asyncio.Transport)}


@pytest.fixture
async def api(lab: Lab) -> AsyncIterator[ClusterApi]:
    """Return the API server as the administrator sees it."""
    async with connected(lab.kubeconfig) as api:
        yield api


@pytest.fixture
async def namespace(api: ClusterApi) -> AsyncIterator[str]:
    """Return a namespace of the test's own."""
    name = f"cluster-{uuid4().hex[:8]}"
    await api.create(NAMESPACES.all(), {"metadata": {"name": name}})
    yield name
    await api.delete(NAMESPACES.one("", name))


@pytest.fixture
async def relay(lab: Lab) -> AsyncIterator[Relay]:
    """Return a cable to the API server."""
    address = urlsplit(lab.apiserver)
    relay = Relay(address.hostname or "", address.port or 443)
    await relay.mend()
    yield relay
    await relay.cut()


@pytest.fixture
async def far(lab: Lab, relay: Relay, tmp_path: Path) -> AsyncIterator[ClusterApi]:
    """Return the API server at the other end of the cable."""
    config = read_kubeconfig(lab)
    cluster = config["clusters"][0]["cluster"]
    cluster["server"] = f"https://127.0.0.1:{relay.own_port}"
    cluster["tls-server-name"] = relay.host
    async with connected(write_kubeconfig(tmp_path, config)) as api:
        yield api


@pytest.fixture(scope="module")
def report_crds(kubectl: Kubectl) -> Iterator[None]:
    """Install both report APIs, where they are not installed already."""
    before = kubectl("get", "crd", "-o", "name")
    made = [
        (name, file)
        for name, file in (
            (f"{kind.plural}.{kind.group}", CRDS[kind.kind])
            for kind in (OPEN_REPORTS, POLICY_REPORTS)
        )
        if f"/{name}\n" not in before
    ]
    for name, file in made:
        kubectl("apply", "-f", str(file))
        kubectl("wait", "--for=condition=Established", "--timeout=30s", f"crd/{name}")
    yield
    for name, _ in made:
        kubectl("delete", "--wait=false", f"crd/{name}")


@pytest.fixture
def login(lab: Lab, api: ClusterApi, tmp_path: Path) -> Login:
    """Return a function that makes a service account and a kubeconfig with its token."""

    async def make(namespace: str, name: str) -> str:
        await api.create(SERVICE_ACCOUNTS.within(namespace), {"metadata": {"name": name}})
        path = f"{SERVICE_ACCOUNTS.one(namespace, name)}/token"
        answer = await api.create(path, {"spec": {"expirationSeconds": 600}})
        token = text_at(mapping_at(answer, "status"), "token")
        config = read_kubeconfig(lab)
        config["users"][0]["user"] = {"token": token}
        return write_kubeconfig(tmp_path, config)

    return make


def read_kubeconfig(lab: Lab) -> dict[str, list[dict[str, dict[str, object]]]]:
    """Read the lab's kubeconfig, to be changed."""
    config: dict[str, list[dict[str, dict[str, object]]]] = yaml.safe_load(
        Path(lab.kubeconfig).read_text()
    )
    return config


def write_kubeconfig(folder: Path, config: object) -> str:
    """Write a kubeconfig; return its path."""
    path = folder / f"{uuid4().hex[:8]}.yaml"
    path.write_text(json.dumps(config))
    return str(path)


async def soon(condition: Callable[[], bool], changed: asyncio.Event) -> None:
    """Wait until a condition holds, looking whenever something has changed."""
    async with asyncio.timeout(30):
        while not condition():
            changed.clear()
            await changed.wait()


async def at_last(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds of which nobody tells."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def eventually(look: Callable[[], Awaitable[T | None]], seconds: float = 5.0) -> T:
    """Look until there is something to see."""
    async with asyncio.timeout(seconds):
        while True:
            if found := await look():
                return found
            await asyncio.sleep(0.01)
