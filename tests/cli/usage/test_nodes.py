"""`slimgate nodes`: what the model says of each node, in tables and JSON."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import replace

from slimgate.cli.shared.documents import json_text
from slimgate.cli.usage.nodes_table import images_tables, nodes_table
from slimgate.cli.usage.usage_csv import nodes_csv
from slimgate.cli.usage.usage_json import nodes_document
from slimgate.core.images.facts import Digest, Platform, Size
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.model import node_disk
from slimgate.core.nodes.node import Node, NodeImage, NodePod, PodImage, Runtime
from slimgate.core.nodes.summary import ImageFs
from tests.cli.facts import FAT, HOSTILE_TEXT, SOYA
from tests.cli.make import printed, read
from tests.core.disks import digest as letters_digest
from tests.core.disks import facts as image
from tests.core.disks import layer as letter
from tests.core.disks import listed
from tests.core.disks import node as has_images

MIB = 2**20
FAT_DIGEST, SOYA_DIGEST = Digest(f"sha256:{'f' * 64}"), Digest(f"sha256:{'a' * 64}")
GONE = Digest(f"sha256:{'b' * 64}")
NODES = """\
NODE  RUNTIME     IMAGES  UNUSED  COMPRESSED    UNPACKED     ON DISK    FREEABLE  MEASURED
a     containerd       3       2  >= 126 MiB  >= 335 MiB  >= 461 MiB  >= 440 MiB   626 MiB
b     cri-o            0       0         0 B         0 B         0 B         0 B         -
a: 1 image could not be looked up; so there is more on its disk
2 nodes: at least 461 MiB of images on disk, 440 MiB of it used by no pod
"""
OF_SHOP = """\
NODE  RUNTIME     IMAGES  COMPRESSED  UNPACKED  ON DISK     OWN
a     containerd       1       6 MiB    15 MiB   21 MiB  21 MiB
b     cri-o            0         0 B       0 B      0 B     0 B
a: 1 image could not be looked up; so there is more on its disk
2 nodes: 21 MiB of images on disk for namespace shop, 21 MiB of it for no other
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
2 nodes: at least 461 MiB of images on disk, 440 MiB of it used by no pod
"""


def disks(name: str = "shop", namespaces: Sequence[str] = ("shop",)) -> list[NodeDisk]:
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
    image = PodImage(reference=f"{name}:soya", image_id=f"{name}@{SOYA_DIGEST}")
    pods = [NodePod(node="a", namespace=one, name="web", images=(image,)) for one in namespaces]
    bare = Node(name="b", runtime=Runtime.CRIO, platform=platform, images=())
    facts = {FAT_DIGEST: [FAT], SOYA_DIGEST: [SOYA]}
    measured = ImageFs(used=500 * MIB, capacity=None, available=None)
    return [node_disk(node, pods, facts, image_fs=measured), node_disk(bare, [], facts)]


def twice() -> NodeDisk:
    """Model a node where an image of unknown size has one layer that lies there under two parents.

    Layer `b` was estimated on `a`, and on `c` nobody could tell.
    """
    known = replace(letter("b"), unpacked=Size.estimated(20 * MIB), pull=Size.known(7 * MIB))
    layers = {
        "ab": (letter("a"), known),
        "cb": (letter("c"), replace(known, unpacked=Size.unknown("too large"))),
        "b": (replace(letter("d"), unpacked=Size.unknown("too large")),),
    }
    facts = {letters_digest(n): [replace(image(n), layers=has)] for n, has in layers.items()}
    return node_disk(has_images(*map(listed, layers)), [], facts)


def test_what_is_known_of_a_part_only_is_marked() -> None:
    """Sizes of an image some of whose layers have none say so, in each row and in documents."""
    rows = printed(images_tables([twice()], wide=True)).splitlines()[2:5]
    images = read(nodes_document([twice()]))["nodes"][0]["images"]

    assert [row.strip().split("  ")[0] for row in rows] == ["27 MiB", ">= 7 MiB", ">= 4 B"]
    assert [(i["known"], i["complete"], i["unknownLayers"]) for i in images] == [
        (True, True, 0), (True, False, 1), (True, False, 1)
    ]  # fmt: skip
    assert [i["whole"]["unpackedBytes"] for i in images] == [20 * MIB + 10, 30, None]
    assert images[2]["own"] == {"compressedBytes": 4, "unpackedBytes": None, "diskBytes": 4}


def test_unknown_images_have_no_bytes() -> None:
    """Where nothing is known of an image, there is no figure, neither zero nor any other."""
    (*_, gone) = read(nodes_document(disks()))["nodes"][0]["images"]

    assert set(gone["whole"].values()) == set(gone["share"].values()) == {None}


def test_nodes_of_which_nothing_is_known() -> None:
    """Where no image could be looked up there is no size, and none is zero."""
    disk = node_disk(has_images(listed("a"), listed("b")), [], {})
    (row,) = csv.DictReader(io.StringIO(nodes_csv([disk])))
    (node,) = read(nodes_document([disk]))["nodes"]
    lines = printed(nodes_table([disk])).splitlines()

    assert lines[-1] == "1 node: nothing is known of what images take"
    assert lines[1].split() == [
        "n1", "containerd", "2", "2", *["unknown"] * 4, "-"
    ]  # fmt: skip
    assert {node[part]["diskBytes"] for part in ("total", "unused", "exclusive", "shared")} == {
        None
    }
    assert (row["diskBytes"], row["unusedBytes"], row["complete"]) == ("", "", "false")


def test_nodes() -> None:
    """One row a node: compressed and unpacked layers, what is free to go, what was measured."""
    assert printed(nodes_table(disks())) == NODES


def test_images() -> None:
    """One row an image, the most on disk first, by the name that people know."""
    assert printed(images_tables(disks())) == IMAGES.format(soya=f"shop@{SOYA_DIGEST}")


def test_wide() -> None:
    """Wide tables say what is of one image, of several, and what is missing."""
    nodes = printed(nodes_table(disks(), wide=True)).splitlines()
    images = printed(images_tables(disks(), wide=True)).splitlines()

    assert re.split(" {2,}", nodes[0])[-13:] == [
        "FREEABLE", "EXCLUSIVE", "SHARED", "NOT FOUND", "UNKNOWN LAYERS", "WRITABLE", "LOGS",
        "EMPTYDIRS", "AVAILABLE", "OBTAINABLE", "TO COLLECTION", "TO EVICTION", "MEASURED"
    ]  # fmt: skip
    assert nodes[1].split()[-15:] == [
        ">=", "21", "MiB", "unknown", "1", "0", *"-------", "626", "MiB"
    ]  # fmt: skip
    assert images[3].split() == [
        "21", "MiB", "21", "MiB", "6", "MiB", "15", "MiB", "2", "B", "yes",
        f"shop@{SOYA_DIGEST}", "shop",
    ]  # fmt: skip


def test_all_of_a_disk() -> None:
    """What else is on a node's disk, and what is left of it, stands beside its images."""
    fs = ImageFs(used=500, capacity=900, available=100, writable=7, logs=8, empty_dirs=9)
    disk = node_disk(has_images(listed("a")), [], {letters_digest("a"): (image("a"),)}, image_fs=fs)
    row = printed(nodes_table([disk], wide=True)).splitlines()[1]
    (of_csv,) = csv.DictReader(io.StringIO(nodes_csv([disk])))

    assert row.split()[-18:] == [
        "0", "0", "7", "B", "8", "B", "9", "B", "100", "B", "594", "B", "~0", "B", "~0", "B",
        "501", "B",
    ]  # fmt: skip
    assert [of_csv[f"{name}Bytes"] for name in ("writable", "logs", "emptyDirs")] == ["7", "8", "9"]
    assert (of_csv["availableBytes"], of_csv["obtainableBytes"]) == ("100", "594")


def test_one_namespace() -> None:
    """With a namespace only its pods' images count, and what no other namespace uses."""
    assert printed(nodes_table(disks(), namespace="shop")) == OF_SHOP
    assert printed(images_tables(disks(), namespace="shop")).count("shop@") == 1
    assert printed(nodes_table(disks(), namespace="team")).splitlines()[-1] == (
        "2 nodes: 0 B of images on disk for namespace team, 0 B of it for no other"
    )


def test_shared_between_namespaces() -> None:
    """What two namespaces use is whole for both, and nobody's own."""
    found = disks(namespaces=("shop", "team"))
    lines = printed(nodes_table(found, namespace="team", wide=True)).splitlines()
    (team,) = read(nodes_document(found, namespace="team"))["nodes"][0]["namespaces"]

    assert lines[1].split() == [
        "a", "containerd", "1", "6", "MiB", "15", "MiB", "21", "MiB", "0", "B", "21", "MiB", "0"
    ]  # fmt: skip
    assert (team["name"], team["own"]["diskBytes"], team["whole"]["diskBytes"]) == (
        "team", 0, 21 * MIB
    )  # fmt: skip


def test_limit() -> None:
    """The nodes with the most on their disks come first, and the others are counted."""
    backwards = disks()[::-1]
    lines = printed(nodes_table(backwards, number=1)).splitlines()
    document = read(nodes_document(backwards, number=1))

    assert [line.split()[0] for line in lines] == ["NODE", "a", "a:", "2"]
    assert lines[-1].endswith("; 1 more with --limit")
    assert ([node["name"] for node in document["nodes"]], document["omitted"]) == (["a"], 1)


def test_no_nodes() -> None:
    """Where no node has the labels that were asked for, that is what is said."""
    assert printed(nodes_table([])) == "no node has these labels\n"


def test_document() -> None:
    """The form for programs says of every figure which size it is."""
    first, second = read(nodes_document(disks()))["nodes"]

    assert (first["name"], first["runtime"], first["measuredBytes"]) == (
        "a", "containerd", 626 * MIB
    )  # fmt: skip
    assert first["total"] == {
        "compressedBytes": 126 * MIB,
        "unpackedBytes": 335 * MIB,
        "diskBytes": 461 * MIB,
    }
    assert first["unused"]["diskBytes"] == 440 * MIB
    assert [(one["name"], one["own"]["diskBytes"]) for one in first["namespaces"]] == [
        ("shop", 21 * MIB)
    ]
    assert [
        (i["used"], i["known"], i["reportedBytes"], i["namespaces"]) for i in first["images"]
    ] == [(False, True, 1, []), (True, True, 2, ["shop"]), (False, False, 3, [])]
    assert (second["measuredBytes"], second["images"]) == (None, [])
    of_shop = read(nodes_document(disks(), namespace="shop"))["nodes"]
    assert [len(node["images"]) for node in of_shop] == [1, 0]


def test_hostile_texts() -> None:
    """Names on nodes are shown, not obeyed."""
    found = disks(HOSTILE_TEXT, namespaces=(HOSTILE_TEXT,))

    for table in (images_tables(found, wide=True), nodes_table(found, wide=True)):
        assert all(line.isprintable() for line in printed(table).splitlines())
    assert json_text(nodes_document(found)).isascii()
