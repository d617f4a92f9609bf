"""The lab's own images, built by a real engine: hello in three weights, and the bases."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.lab.state import Lab
from tests.sizes.containerd import Containerd
from tests.sizes.engine import Engine, saved_layers
from tests.sizes.looking import look
from tests.support.configuration import use_configuration
from tests.support.images import AMD64

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(300)]

IMAGES = (
    "hello:fat", "hello:semi", "hello:soya", "bases/debian:bookworm", "bases/golang:bookworm",
    "bases/python:bookworm", "bases/distroless:bookworm", "bases/pause:1",
)  # fmt: skip


@pytest.fixture(autouse=True)
def registries(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let slimgate talk to the lab's registry, without a user's own logins."""
    use_configuration(monkeypatch, tmp_path, [lab.registry], loopback=False)
    monkeypatch.setenv("DOCKER_CONFIG", "/nonexistent")


@pytest.mark.engine
@pytest.mark.parametrize("name", IMAGES)
async def test_engine(name: str, lab: Lab, engine: Engine, tmp_path: Path) -> None:
    """Without pulling a byte of most layers, their tars are as long as `docker save` writes."""
    reference = f"{lab.registry}/{name}"
    engine.need(reference)
    saved = saved_layers(engine.save(reference, tmp_path / "saved.tar"))
    found = await look(reference)

    assert found.unpacked == [[layer.length for layer in saved]]
    assert engine.size(reference) == sum(layer.counted for layer in saved)


@pytest.mark.node
@pytest.mark.parametrize("name", IMAGES)
async def test_containerd(name: str, lab: Lab, containerd: Containerd) -> None:
    """The content store holds blobs of the lengths that slimgate tells."""
    reference = f"{lab.registry}/{name}"
    containerd.fetch(reference)
    found = await look(reference)
    digests = [str(layer.digest) for layer in found.images[0].layers]

    assert found.pull == [[containerd.stored(digest) for digest in digests]]
    assert found.unpacked == [[containerd.unpacked(digest) for digest in digests]]


@pytest.mark.node
async def test_kubelet(lab: Lab, containerd: Containerd) -> None:
    """What a node's status says of an image is its pull size, its manifest and its config."""
    listed = {name: size for name, size in node_images(lab).items() if name in names(lab)}
    if not listed:
        pytest.skip("no pod of the lab's images has run on the node yet")
    for name, size in listed.items():
        containerd.fetch(name)
        (image,) = (await look(name, platforms=(AMD64,))).images
        assert image.pull.bytes is not None
        assert image.digest is not None
        manifest = json.loads(containerd.text(image.digest))
        documents = containerd.stored(image.digest) + manifest["config"]["size"]
        assert size == image.pull.bytes + documents


def names(lab: Lab) -> set[str]:
    """Name the images in full."""
    return {f"{lab.registry}/{name}" for name in IMAGES}


def node_images(lab: Lab) -> Mapping[str, int]:
    """Read the node's status."""
    argv = [lab.kubectl, "--kubeconfig", lab.kubeconfig, "get", "node", lab.node_name, "-o", "json"]
    done = subprocess.run(argv, capture_output=True, check=True, timeout=60)
    images = json.loads(done.stdout)["status"]["images"]
    return {name: image["sizeBytes"] for image in images for name in image["names"]}
