"""`slimgate nodes`: what the model says of each node, in tables and JSON."""

import io
import json

from rich.console import Console, RenderableType

from slimgate.cli.usage.nodes_table import images_tables, nodes_table
from slimgate.cli.usage.usage_json import nodes_json
from slimgate.core.disk import NodeDisk, node_disk
from slimgate.core.image import Digest, Platform
from slimgate.core.node import ImageFs, Node, NodeImage, NodePod, PodImage, Runtime
from tests.cli.facts import FAT, HOSTILE_TEXT, SOYA

MIB = 2**20
FAT_DIGEST, SOYA_DIGEST = Digest(f"sha256:{'f' * 64}"), Digest(f"sha256:{'a' * 64}")
GONE = Digest(f"sha256:{'b' * 64}")
NODES = """\
NODE  RUNTIME     IMAGES  UNUSED  COMPRESSED  UNPACKED  ON DISK  FREEABLE  MEASURED
a     containerd       3       2     126 MiB   335 MiB  461 MiB   440 MiB   626 MiB
b     cri-o            0       0         0 B       0 B      0 B       0 B         -
a: 1 image could not be looked up; so there is more on its disk
2 nodes: 461 MiB of images on disk, 440 MiB of it used by no pod
"""
IMAGES = """\
a
ON DISK      OWN  IN USE  IMAGE
440 MiB  440 MiB  no      shop:fat
 21 MiB   21 MiB  yes     {soya}
unknown  unknown  no      shop:gone

b
ON DISK  OWN  IN USE  IMAGE

a: 1 image could not be looked up; so there is more on its disk
2 nodes: 461 MiB of images on disk, 440 MiB of it used by no pod
"""


def disks(name: str = "shop") -> list[NodeDisk]:
    """Model a node with images of every kind, and one without any."""
    platform = Platform("linux", "amd64")
    node = Node(
        name="a",
        runtime=Runtime.CONTAINERD,
        platform=platform,
        images=(
            NodeImage(names=(f"{name}@{FAT_DIGEST}", f"{name}:fat"), reported=1),
            NodeImage(names=(f"{name}@{SOYA_DIGEST}",), reported=2),
            NodeImage(names=(f"{name}@{GONE}", f"{name}:gone"), reported=3),
        ),
    )
    pod = NodePod(
        node="a",
        namespace="shop",
        name="web",
        images=(PodImage(reference=f"{name}:soya", image_id=f"{name}@{SOYA_DIGEST}"),),
    )
    bare = Node(name="b", runtime=Runtime.CRIO, platform=platform, images=())
    facts = {FAT_DIGEST: [FAT], SOYA_DIGEST: [SOYA]}
    measured = ImageFs(used=500 * MIB, capacity=None, available=None)
    return [node_disk(node, [pod], facts, image_fs=measured), node_disk(bare, [], {})]


def _printed(what: RenderableType) -> str:
    file = io.StringIO()
    Console(file=file, width=200, markup=False, highlight=False).print(what)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def test_nodes() -> None:
    """One row a node: compressed and unpacked layers, what is free to go, what was measured."""
    assert _printed(nodes_table(disks())) == NODES


def test_images() -> None:
    """One row an image, the most on disk first, by the name that people know."""
    assert _printed(images_tables(disks())) == IMAGES.format(soya=f"shop@{SOYA_DIGEST}")


def test_json() -> None:
    """The JSON form says of every figure which size it is."""
    first, second = json.loads(nodes_json(disks()))["nodes"]

    assert (first["name"], first["runtime"], first["measuredBytes"]) == (
        "a", "containerd", 626 * MIB
    )  # fmt: skip
    assert first["total"] == {
        "compressedBytes": 126 * MIB,
        "unpackedBytes": 335 * MIB,
        "diskBytes": 461 * MIB,
    }
    assert first["unused"]["diskBytes"] == 440 * MIB
    assert [(i["used"], i["known"], i["reportedBytes"]) for i in first["images"]] == [
        (False, True, 1),
        (True, True, 2),
        (False, False, 3),
    ]
    assert (second["measuredBytes"], second["images"]) == (None, [])


def test_hostile_texts() -> None:
    """Names on nodes are shown, not obeyed."""
    found = disks(HOSTILE_TEXT)

    assert all(line.isprintable() for line in _printed(images_tables(found)).splitlines())
    assert nodes_json(found).isascii()
