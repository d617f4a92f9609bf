"""A registry with every form, and what the lab's Docker engine and containerd make of them."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest

from tests.lab.state import Lab
from tests.registry import servers
from tests.registry.servers import Registry
from tests.sizes import forms
from tests.sizes.containerd import Containerd
from tests.sizes.engine import Engine
from tests.sizes.forms import Form
from tests.support.configuration import use_configuration
from tests.support.images import Image, Index, Pusher

TAG = "v1"


@cache
def form(name: str) -> Form:
    """Make a form once."""
    return forms.make(name)


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A real registry on loopback, where images are pushed when a test first wants them."""

    registry: Registry
    pushed: set[str] = field(default_factory=set)

    def reference(self, name: str) -> str:
        """Push a form and say how it is called."""
        return self.push(name, form(name).content)

    def push(self, name: str, content: Image | Index) -> str:
        """Push an image and say how it is called."""
        if name not in self.pushed:
            Pusher(url=self.registry.url).push(f"sizes/{name}", TAG, content)
            self.pushed.add(name)
        return f"{self.registry.host}/sizes/{name}:{TAG}"


@pytest.fixture(scope="session")
def session_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Start the registry, which takes layers that lie elsewhere too."""
    if not servers.is_installed():
        pytest.skip("docker-registry is not installed: apt-get install docker-registry")
    urls = {"validation": {"manifests": {"urls": {"allow": ["^http://127[.]0[.]0[.]1:"]}}}}
    registry = servers.start(tmp_path_factory.mktemp("sizes"), "sizes", urls)
    yield Shop(registry=registry)
    registry.stop()


@pytest.fixture
def shop(session_shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Return the registry, to which slimgate may talk."""
    use_configuration(monkeypatch, tmp_path, [session_shop.registry.host])
    monkeypatch.setenv("DOCKER_CONFIG", "/nonexistent")
    return session_shop


@pytest.fixture(scope="module")
def containerd(lab_node: Lab, own_disk: None) -> Iterator[Containerd]:
    """Return a namespace of the lab's containerd, and remove it afterwards."""
    del own_disk
    if shutil.which("zstd") is None:
        pytest.skip("zstd is not installed: apt-get install zstd")
    namespace = Containerd(socket=lab_node.containerd_socket, namespace=f"sizes-{uuid4().hex[:8]}")
    yield namespace
    namespace.clean()


@pytest.fixture(scope="module")
def session_engine(lab: Lab) -> Iterator[Engine]:
    """Return the lab's Docker engine, and remove what was pulled."""
    if not lab.docker_host:
        pytest.skip("the lab has no Docker engine: that needs root")
    engine = Engine(host=lab.docker_host)
    yield engine
    engine.clean()


@pytest.fixture
def engine(session_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return the lab's Docker engine, which `docker://` means too."""
    monkeypatch.setenv("DOCKER_HOST", session_engine.host)
    return session_engine
