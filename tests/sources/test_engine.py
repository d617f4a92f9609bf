"""The Docker engine as a source, against a real one: the lab's."""

import gc
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from docker.api import APIClient

from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.errors import NotFoundError, UnavailableError
from slimgate.core.images.source import parse_source
from slimgate.sources.opening import open_source
from tests.sources.images import config_of, read, refusal, sizes, tar_of

LAYERS = [tar_of({"app": b"x" * 5000}), tar_of({"etc/a": b"1", "etc/b": b"2" * 700})]


@pytest.fixture(scope="module")
def image(docker_host: str) -> Iterator[str]:
    """Load a small image into the engine, and take it away again."""
    name = f"slimgate-test/{uuid4().hex}:1"
    manifest = [{"Config": "c.json", "RepoTags": [name], "Layers": ["0.tar", "1.tar"]}]
    files = {
        "manifest.json": json.dumps(manifest).encode(),
        "c.json": config_of(LAYERS),
        **{f"{i}.tar": layer for i, layer in enumerate(LAYERS)},
    }
    client = APIClient(docker_host, version="auto")
    list(client.load_image(tar_of(files)))  # type: ignore[no-untyped-call]
    yield name
    client.remove_image(name)
    client.close()


@pytest.mark.engine
async def test_sizes(docker_host: str, image: str) -> None:
    """The engine's layers are exact to the byte; what they are to pull is honestly unknown."""
    expected = [[(None, len(layer)) for layer in LAYERS]]

    assert expected == await sizes(f"docker://{image}", docker_host)


@pytest.mark.engine
async def test_config(docker_host: str, image: str) -> None:
    """The config is the very one that was loaded, and the image is found by its ID too."""
    sourced = parse_source(f"docker://{image}")
    source = open_source(sourced, docker_host=docker_host)
    ((_, manifest),) = await read(sourced.text, docker_host)
    by_id = await read(f"docker://{manifest.config.digest}", docker_host)

    assert config_of(LAYERS) == await source.config(sourced.reference, manifest.config, ANONYMOUS)
    assert manifest == by_id[0][1]


@pytest.mark.engine
async def test_progress(docker_host: str, image: str) -> None:
    """Whoever waits is told how far the engine is."""
    told: list[int] = []
    sourced = parse_source(f"docker://{image}")
    source = open_source(
        sourced, docker_host=docker_host, progress=lambda done, _: told.append(done)
    )
    await source.document(sourced.reference, ANONYMOUS)

    assert told
    assert told == sorted(told)
    assert max(told) >= sum(map(len, LAYERS))


@pytest.mark.engine
async def test_docker_save_is_the_same(docker_host: str, image: str, tmp_path: Path) -> None:
    """What `docker save` writes to a file gives the same facts as the engine itself."""
    client = APIClient(docker_host, version="auto")
    path = tmp_path / "saved.tar"
    path.write_bytes(b"".join(client.get_image(image)))
    client.close()

    assert tarfile.is_tarfile(io.BytesIO(path.read_bytes()))
    assert await read(f"docker://{image}", docker_host) == await read(f"docker-archive:{path}")


@pytest.mark.engine
async def test_unknown_image(docker_host: str) -> None:
    """An image that the engine does not have is not found, and nothing is pulled."""
    error = await refusal("docker://slimgate-test/none:1", docker_host)

    assert isinstance(error, NotFoundError)
    assert "has no image 'slimgate-test/none:1'" in str(error)


# The SDK leaves the socket that it could not connect for the garbage collector to close.
@pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "host", ["unix:///nonexistent/docker.sock", "tcp://127.0.0.1:1", "nonsense", "ssh://x y"]
)
async def test_no_engine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that does not answer is named, with what to look at; DOCKER_HOST says where."""
    error = await refusal("docker://alpine", host)
    gc.collect()

    assert isinstance(error, UnavailableError)
    assert "DOCKER_HOST" in str(error)
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert "127.0.0.1" in str(await refusal("docker://alpine"))
    gc.collect()
