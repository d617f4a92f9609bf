"""Who fills a node's disk, against what `du` says that removing images really frees.

Twelve images that share layers: binaries, trees of small files, text, on three bases.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from slimgate.core.nodes.disk import NodeDisk
from tests.cluster.disks import Truth, ctr, truth
from tests.cluster.test_node_disk import delete_pods, listed, settled
from tests.lab.api import wait_until
from tests.lab.kubectl import Kubectl
from tests.lab.state import Lab
from tests.support.images import Image, Layer, Pusher, image, layer

pytestmark = [
    pytest.mark.lab,
    pytest.mark.node,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("own_disk"),
]

SWEPT = "slimgate.invalid/swept:1"
TOTAL, EACH = 0.01, 0.03
MIB = 2**20
MEASURED = 128 * MIB
"""All layers, as the controller measures them in its spare time; others use the node, too."""


@dataclass(frozen=True, kw_only=True)
class Dozen:
    """Twelve images: names as pods have them, and the digest of each."""

    repository: str
    images: dict[str, Image]


def binary(seed: int, size: int) -> Layer:
    """Make a layer of one file that does not compress."""
    return layer({f"bin/{seed}": random.Random(seed).randbytes(size)})  # noqa: S311


def tree(seed: int, number: int, size: int) -> Layer:
    """Make a layer of many files of text, of half to one and a half times a size."""
    made = random.Random(seed)  # noqa: S311
    return layer(
        {
            f"usr/lib/{seed}/{n // 50}/{n}.txt": made.randbytes(20).hex().encode()
            * (made.randrange(size // 2, size * 3 // 2) // 40)
            for n in range(number)
        }
    )


def dozen() -> Iterator[list[Layer]]:
    """Yield the layers of twelve images."""
    distribution, slim, tools = tree(1, 2_000, 24_000), binary(2, 3 * MIB), tree(3, 400, 60_000)
    shared = binary(4, 5 * MIB)
    yield from ([distribution, tree(10 + n, 300, 16_000)] for n in range(3))
    yield from ([distribution, tools, binary(20 + n, (2 + n) * MIB)] for n in range(3))
    yield from ([slim, shared, binary(30 + n, 6 * MIB)] for n in range(3))
    # The layer under another parent lies there twice.
    yield [distribution, shared]
    yield [binary(40, 9 * MIB)]
    yield [slim, tree(41, 600, 20_000)]


@pytest.fixture
def made(lab: Lab, kubectl: Kubectl, namespace: str) -> Iterator[Dozen]:
    """Push them; take what is left of them off the node afterwards."""
    repository = f"truth-{uuid4().hex[:8]}"
    images = {}
    for number, layers in enumerate(dozen()):
        built = image(layers, config={"Entrypoint": ["/none"], "Labels": {"n": str(number)}})
        Pusher(url=f"http://{lab.registry}").push(f"{repository}/{number}", "1", built)
        images[f"{lab.registry}/{repository}/{number}:1"] = built
    yield Dozen(repository=repository, images=images)
    delete_pods(kubectl, namespace)
    remove_containers(lab, repository)
    for name, built in images.items():
        remove_image(lab, name, built)


async def test_who_fills_the_disk(lab: Lab, kubectl: Kubectl, namespace: str, made: Dozen) -> None:
    """Totals, each image's own bytes and what is reclaimable are what `du` says."""
    if not lab.node:
        pytest.skip("the lab has no node: that needs root")
    for number, name in enumerate(made.images):
        kubectl("run", f"p{number}", "--image", name, "--restart=Never", "-n", namespace)
    wait_until(
        lambda: listed(lab, kubectl, list(made.images)), what="not pulled", seconds=180, hint=str
    )
    used = await settled(lab, kubectl, MEASURED)
    on_disk = used.truth.compressed + used.truth.unpacked
    assert used.model.owners.total.disk == pytest.approx(on_disk, rel=TOTAL)
    assert used.model.total.disk == pytest.approx(on_disk, rel=0.06)
    assert used.model.owners.namespaces[namespace].disk > 0

    delete_pods(kubectl, namespace)
    remove_containers(lab, made.repository)
    sweep(lab, next(iter(made.images)))
    before = await settled(lab, kubectl, MEASURED)
    print(f"\ntotal: du {on_disk:,}, owners {used.model.owners.total.disk:,}", end=", ")
    print(f"model {used.model.total.disk:,}, factor {used.model.scale.factor}")
    said = sum(one.reported for one in used.model.images)
    print(f"node status {said:,}, imageFs {used.model.image_fs}")
    wrong, gone = [], set[int]()
    for name, built in made.images.items():
        place = next(n for n, one in enumerate(before.model.images) if name in one.names)
        gone.add(place)
        expected = freed_by(before.model, place, gone)
        last = truth(lab)
        remove_image(lab, name, built)
        freed = size(last) - size(truth(lab))
        wrong.append(abs(expected - freed) / freed)
        print(f"{name[-6:]}: freed {freed:,}, expected {expected:,} ({wrong[-1]:.1%})")
    freed = size(before.truth) - size(truth(lab))
    reclaimable = sum(
        before.model.scale.of(piece.stored).disk
        for piece in before.model.pieces
        if gone.issuperset(piece.holders)
    )
    print(f"all: freed {freed:,}, reclaimable {reclaimable:,}")

    assert reclaimable == pytest.approx(freed, rel=EACH)
    assert max(wrong) < EACH


def freed_by(model: NodeDisk, place: int, gone: set[int]) -> int:
    """Tell what removing an image frees once others are gone: what none but these hold."""
    return sum(
        model.scale.of(piece.stored).disk
        for piece in model.pieces
        if place in piece.holders and gone.issuperset(piece.holders)
    )


def size(seen: Truth) -> int:
    """Add up both forms."""
    return seen.compressed + seen.unpacked


def remove_containers(lab: Lab, repository: str) -> None:
    """Remove containers of pods that are gone: the kubelet takes a minute for that."""
    found = ctr(lab, "containers", "list").splitlines()
    if dead := [line.split()[0] for line in found if repository in line]:
        ctr(lab, "containers", "remove", *dead)


def sweep(lab: Lab, name: str) -> None:
    """Have containerd collect what removed containers wrote: else the next image's removal does."""
    ctr(lab, "images", "tag", "--force", name, SWEPT)
    ctr(lab, "images", "remove", "--sync", SWEPT)


def remove_image(lab: Lab, name: str, built: Image) -> None:
    """Remove an image by all of its names, and wait until nothing of it is left."""
    names = ctr(lab, "images", "list", "--quiet").split()
    config, start = built.config_descriptor.digest, name.rpartition(":")[0]
    mine = [one for one in names if one == config or one.startswith((f"{start}:", f"{start}@"))]
    if mine:
        ctr(lab, "images", "remove", "--sync", *mine)
