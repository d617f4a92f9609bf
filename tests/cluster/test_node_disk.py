"""The disk model against the truth: a real node, real images pulled through pods, `du`.

What the model leaves out is checked too: manifests and configs, writable layers, whole blocks.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import uuid4

import pytest

from slimgate.cluster.kubelet import Kubelets, kubelet_tls
from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.images.facts import Digest, ImageFacts, Wants
from slimgate.core.images.reference import Reference
from slimgate.core.nodes.disk import ImageDisk, NodeDisk
from slimgate.core.nodes.held import Sharing, wanted_facts
from slimgate.core.nodes.model import node_disk
from slimgate.core.nodes.node import node_of, pod_of
from slimgate.core.nodes.stored import Stored, chain_ids
from slimgate.engine.inspector import Inspector, Question
from slimgate.registry.client import RegistryClient
from slimgate.registry.settings import RegistrySettings
from slimgate.settings import WHOLE_LAYER_BYTES, Exemption
from tests.cluster.disks import Truth, ctr, truth
from tests.lab.api import wait_until
from tests.lab.kubectl import Kubectl
from tests.lab.state import Lab
from tests.support.images import Image, Pusher, image, layer

pytestmark = [
    pytest.mark.lab,
    pytest.mark.node,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("own_disk"),
]

BASES = ("bases/debian:bookworm", "bases/distroless:bookworm", "bases/python:bookworm")
WANTS = Wants(config=True, layers=True)
MAX_DOCUMENT = 64 * 2**10
"""Bytes of a manifest or config."""
NEAR = 0.01
SETTLE_SECONDS = 90.0


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A model, the facts that it rests on, and the truth at the same time."""

    model: NodeDisk
    facts: Mapping[Digest, tuple[ImageFacts, ...]]
    truth: Truth

    def images(self) -> Iterator[ImageFacts]:
        """Yield the images of the node."""
        return (one for images in self.facts.values() for one in images)

    def image(self, name: str) -> ImageDisk:
        """Return the image of this name."""
        return next(one for one in self.model.images if name in one.names)


@dataclass(frozen=True, kw_only=True)
class Own:
    """An image that nobody else uses, as a pod names it."""

    name: str
    image: Image
    tar: int


@pytest.fixture
def own(lab: Lab, kubectl: Kubectl, namespace: str) -> Iterator[Own]:
    """Push an image of the test's own; take it and its pods off the node afterwards."""
    repository = f"disks-{uuid4().hex[:8]}/app"
    files = {"app": repository.encode() * 10_000}
    made = layer(files)
    built = image([made], config={"Entrypoint": ["/none"]})
    Pusher(url=f"http://{lab.registry}").push(repository, "1", built)
    name = f"{lab.registry}/{repository}"
    yield Own(name=f"{name}:1", image=built, tar=len(layer(files, compression="none").blob))
    delete_pods(kubectl, namespace)
    # A container would keep the image's snapshots, and they would be of no image any more. The
    # kubelet takes a minute to remove those of pods that are gone.
    listed = ctr(lab, "containers", "list").splitlines()
    if dead := [line.split()[0] for line in listed if name in line]:
        ctr(lab, "containers", "remove", *dead)
    config = built.config_descriptor.digest
    names = ctr(lab, "images", "list", "--quiet").split()
    if mine := [one for one in names if one == config or one.startswith(name)]:
        ctr(lab, "images", "remove", "--sync", *mine)


async def test_model_is_what_is_on_disk(
    lab: Lab, kubectl: Kubectl, namespace: str, own: Own
) -> None:
    """Blobs and snapshots are just those of the model, and so are the bytes, within blocks."""
    if not lab.node:
        pytest.skip("the lab has no node: that needs root")
    names = [own.name, *(f"{lab.registry}/{base}" for base in BASES)]
    for number, name in enumerate(names):
        kubectl("run", f"p{number}", "--image", name, "--restart=Never", "-n", namespace)
    wait_until(lambda: listed(lab, kubectl, names), what="not pulled", seconds=90, hint=str)

    seen = await settled(lab, kubectl)
    report(seen)

    check_things(seen)
    check_bytes(seen)
    assert seen.image(own.name).used
    exactly = Stored(compressed=len(own.image.layers[0].blob), unpacked=own.tar)
    assert seen.model.namespaces.own[namespace].disk >= exactly.disk
    assert seen.image(own.name).own == seen.image(own.name).whole == exactly

    delete_pods(kubectl, namespace)
    later = await settled(lab, kubectl)
    assert not later.image(own.name).used
    assert later.model.parts.unused.disk >= exactly.disk
    assert namespace not in later.model.namespaces.own


def delete_pods(kubectl: Kubectl, namespace: str) -> None:
    """Delete a namespace's pods and wait until the kubelet has let go of them."""
    kubectl("delete", "pod", "--all", "--wait", "--timeout=50s", "-n", namespace)


def check_things(seen: Seen) -> None:
    """Check that all layers are blobs, all chains snapshots, and that only documents are left."""
    layers = {one.digest: one.pull.bytes for image in seen.images() for one in image.layers}
    chains = {
        chain
        for image in seen.images()
        for chain in chain_ids(one.diff_id for one in image.layers if one.diff_id)
    }
    blobs = dict(seen.truth.blobs)

    assert {digest: blobs.pop(digest or "", None) for digest in layers} == layers
    assert max(blobs.values()) < MAX_DOCUMENT
    assert chains == seen.truth.snapshots


def check_bytes(seen: Seen) -> None:
    """Check that the model is a lower bound, and with the kubelet's measurement that it is `du`."""
    model, real = seen.model, seen.truth
    on_disk = real.compressed + real.unpacked

    assert (model.images_without_facts, model.unknown_layers, model.truncated) == (0, 0, False)
    assert model.parts.total == model.namespaces.total
    assert model.image_fs is not None
    assert model.measured is not None
    assert model.owners.total.disk == model.measured - (model.image_fs.writable or 0)
    assert model.measured == pytest.approx(on_disk, rel=NEAR)
    assert model.total.compressed == pytest.approx(real.compressed, rel=NEAR)
    assert model.total.unpacked == pytest.approx(real.apparent, rel=0.05)
    assert 0.85 * on_disk < model.total.disk < on_disk


def listed(lab: Lab, kubectl: Kubectl, names: list[str]) -> bool:
    """Whether the node's status lists these images."""
    node = node_of(json.loads(kubectl("get", "node", lab.node_name, "-o", "json")))
    return {name for image in node.images for name in image.names} >= set(names)


async def settled(lab: Lab, kubectl: Kubectl, whole: int = WHOLE_LAYER_BYTES) -> Seen:
    """Model the node once its own reports, some seconds old, have caught up with its disk.

    Other tests use the node too, so it must not have changed meanwhile. Layers of up to so many
    bytes are read whole.
    """
    before, seen = truth(lab), None
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        model, facts = await modelled(lab, kubectl, whole)
        after = truth(lab)
        seen = Seen(model=model, facts=facts, truth=after)
        if before.same_images(after) and has_caught_up(lab, seen):
            return seen
        before = after
    pytest.fail(f"the node's reports don't catch up with its disk: {seen}")


def has_caught_up(lab: Lab, seen: Seen) -> bool:
    """Whether the node's status lists what containerd has, and the kubelet has measured it."""
    has = {one for one in ctr(lab, "images", "list", "--quiet").split() if "/" in one}
    known = {name for image in seen.model.images for name in image.names}
    on_disk = seen.truth.compressed + seen.truth.unpacked
    return has <= known and seen.model.measured == pytest.approx(on_disk, rel=NEAR)


async def modelled(
    lab: Lab, kubectl: Kubectl, whole: int
) -> tuple[NodeDisk, Mapping[Digest, tuple[ImageFacts, ...]]]:
    """Model the node as slimgate does: its status, its pods, its kubelet, the registry."""
    node = node_of(json.loads(kubectl("get", "node", lab.node_name, "-o", "json")))
    items = json.loads(kubectl("get", "pods", "--all-namespaces", "-o", "json"))["items"]
    pods = [pod for pod in map(pod_of, items) if pod is not None and pod.node == node.name]
    facts: dict[Digest, tuple[ImageFacts, ...]] = {}
    exemptions = {lab.registry: Exemption(plain_http=True)}
    settings = RegistrySettings(exemptions=exemptions, whole_layer_bytes=whole)
    async with RegistryClient(settings) as client:
        inspector = Inspector(client)
        for digest, name in wanted_facts(node.images, Sharing().of(pods)).items():
            question = Question(Reference.parse(name), ANONYMOUS, (node.platform,), WANTS, name)
            facts[digest] = (await inspector.inspect(question)).images
        await inspector.close()
    tls = kubelet_tls(ca_file=lab.ca_file, client_cert=lab.client_cert, client_key=lab.client_key)
    async with Kubelets(tls=tls) as kubelets:
        image_fs = await kubelets.image_fs(node)
    return node_disk(node, pods, facts, image_fs=image_fs), facts


def report(seen: Seen) -> None:
    """Print the figures, for those who run this by hand."""
    model, real = seen.model, seen.truth
    reported = sum(image.reported for image in model.images)
    print(f"\nΣ sizeBytes {reported:,}; {model.image_fs}")
    print(f"compressed: model {model.total.compressed:,}, du {real.compressed:,}")
    print(
        f"unpacked: model {model.total.unpacked:,}, du {real.unpacked:,} ({real.apparent:,} long)"
    )
    print(f"disk: model {model.total.disk:,}, measured {model.measured:,}", end=", ")
    print(f"du {real.compressed + real.unpacked:,}")
