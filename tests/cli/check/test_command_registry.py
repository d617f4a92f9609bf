"""`slimgate check` against a real registry, and against the Docker engine."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from docker.api import APIClient

from slimgate.core.images.facts import Platform
from tests.cli.make import POLICY, here, write
from tests.registry import servers
from tests.registry.servers import Registry
from tests.sources.images import config_of, tar_of
from tests.support.configuration import use_configuration
from tests.support.images import Pusher, image, index, layer

POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: web}}
spec:
  containers:
    - {{name: web, image: "{}"}}
"""
LARGE = layer({"app": os.urandom(200_000)})
SMALL = layer({"app": b"x" * 100})


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Start a registry with an image that is large on arm64 only."""
    if not servers.is_installed():
        pytest.skip("docker-registry is not installed: apt-get install docker-registry")
    found = servers.start(tmp_path_factory.mktemp("registry"), "plain")
    both = index([image([SMALL]), image([LARGE], platform=Platform("linux", "arm64"))])
    Pusher(url=found.url).push("shop/web", "1", both)
    yield found
    found.stop()


@pytest.fixture
def folder(tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project that uses the image, and settings that let the registry pass."""
    use_configuration(monkeypatch, tmp_path, [registry.host])
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-logins"))
    pod = POD.format(f"{registry.host}/shop/web:1")
    return write(tmp_path, deploy_yaml=pod, policy_yaml=POLICY.replace("100Mi", "100Ki"))


@pytest.mark.registry
@pytest.mark.parametrize(
    ("platforms", "expected"),
    [(["linux/amd64"], 0), (["linux/arm64"], 1), (["linux/amd64", "linux/arm64"], 1), (["all"], 1)],
)
def test_platforms(folder: Path, platforms: list[str], expected: int) -> None:
    """The largest of the platforms that are asked for counts."""
    options = [f"--platform={name}" for name in platforms]
    done = here("check", "deploy.yaml", "--policy=policy.yaml", *options, cwd=folder)

    assert (done.returncode, done.stderr) == (expected, "")
    assert ("linux/arm64" in done.stdout) == bool(expected)


@pytest.mark.registry
def test_missing_images(folder: Path, registry: Registry) -> None:
    """An image that its registry does not have is told with the registry's code."""
    write(folder, deploy_yaml=POD.format(f"{registry.host}/shop/web:2"))
    done = here("check", "deploy.yaml", "--policy=policy.yaml", cwd=folder)

    assert done.returncode == 3
    assert "MANIFEST_UNKNOWN" in done.stdout


@pytest.fixture
def engine_image(docker_host: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Load a small image into the lab's Docker engine."""
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    name, tar = f"slimgate-check/{uuid4().hex}:1", tar_of({"app": b"x" * 200_000})
    manifest = [{"Config": "c.json", "RepoTags": [name], "Layers": ["0.tar"]}]
    files = {
        "manifest.json": json.dumps(manifest).encode(),
        "c.json": config_of([tar]),
        "0.tar": tar,
    }
    client = APIClient(docker_host, version="auto")
    list(client.load_image(tar_of(files)))  # type: ignore[no-untyped-call]
    yield name
    client.remove_image(name)
    client.close()


@pytest.mark.engine
@pytest.mark.parametrize(("limit", "expected"), [("1Mi", 0), ("100Ki", 1)])
def test_docker_engine(tmp_path: Path, engine_image: str, limit: str, expected: int) -> None:
    """With --source docker plain references are images of the Docker engine."""
    policy = POLICY.replace("pullSize: {deny: 100Mi}", f"unpackedSize: {{deny: {limit}}}")
    write(tmp_path, deploy_yaml=POD.format(engine_image), policy_yaml=policy)
    done = here("check", "deploy.yaml", "--policy=policy.yaml", "--source=docker", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (expected, "")
