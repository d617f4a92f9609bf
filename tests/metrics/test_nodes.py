"""Disk models as metrics: few series, disjoint parts that add up, no series of what is unknown."""

from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from slimgate.core.disk import NodeDisk, node_disk
from slimgate.core.node import ImageFs, NodePod, Runtime
from slimgate.metrics import Metrics
from slimgate.metrics.nodes import NodeCollector
from tests.core.disks import digest, facts, listed, node, pod
from tests.metrics.series import by

IMAGES = ("ab", "ad", "c", "e")
MEASURED = ImageFs(used=500, capacity=1000, available=400)


@dataclass
class Known:
    """Disk models that a test keeps."""

    kept: list[NodeDisk] = field(default_factory=list)

    def disks(self) -> list[NodeDisk]:
        """Return all of them."""
        return self.kept


def disk(
    *pods: NodePod,
    image_fs: ImageFs | None = None,
    runtime: Runtime = Runtime.CONTAINERD,
    limit: int = 50,
) -> NodeDisk:
    """Model a node with four images, of which `e` has no facts."""
    known = {digest(image): (facts(image),) for image in IMAGES if image != "e"}
    return node_disk(
        node(*map(listed, IMAGES), runtime=runtime), pods, known,
        image_fs=image_fs, list_limit=limit,
    )  # fmt: skip


PODS = (pod("red", "ab"), pod("blue", "ad"))

FIGURES = [
    # what becomes of `slimgate_node_…` on containerd
    ("image_content_bytes", 1 + 2 + 3 + 4),
    ("image_unpacked_bytes", 10 + 20 + 30 + 40),
    ("image_disk_bytes", 110),
    ("image_measured_disk_bytes", 500 + 10),
    ("image_unique_bytes", 22 + 44),
    ("image_shared_bytes", 11),
    ("image_unused_bytes", 33),
    ("images", 4),
    ("images_unused", 2),
    ("images_without_facts", 1),
    ("image_layers_unknown", 0),
    ("image_list_truncated", 0),
    ("imagefs_used_bytes", 500),
    ("imagefs_capacity_bytes", 1000),
    ("imagefs_available_bytes", 400),
]


@pytest.mark.parametrize(("name", "expected"), FIGURES)
def test_figures(name: str, expected: int) -> None:
    """Each figure is one series a node."""
    metrics = Metrics()
    metrics.show_nodes(Known([disk(*PODS, image_fs=MEASURED)]))

    assert by(metrics.registry, f"slimgate_node_{name}") == {("n1",): expected}


def test_all_figures_are_tested() -> None:
    """There is no metric of nodes but those above and the reported bytes, which name their kind."""
    metrics = Metrics()
    metrics.show_nodes(Known([disk()]))
    names = {metric.name for metric in metrics.registry.collect()}

    assert {name for name in names if name.startswith("slimgate_node_")} == {
        "slimgate_node_image_reported_bytes",
        *(f"slimgate_node_{name}" for name, _ in FIGURES),
    }


@pytest.mark.parametrize(
    ("runtime", "size"),
    [
        (Runtime.CONTAINERD, "compressed"),
        (Runtime.CRIO, "unpacked"),
        (Runtime.DOCKER, "unpacked"),
        (Runtime.OTHER, "unknown"),
    ],
)
def test_reported_bytes_name_their_kind(runtime: Runtime, size: str) -> None:
    """What runtimes report is of two kinds, which a label keeps apart."""
    metrics = Metrics()
    metrics.show_nodes(Known([disk(runtime=runtime)]))

    assert by(metrics.registry, "slimgate_node_image_reported_bytes") == {("n1", size): 6}


def test_what_is_not_measured_has_no_series() -> None:
    """A kubelet that can't be read leaves no zero behind, nor does CRI-O's misleading figure."""
    metrics = Metrics()
    known = Known([disk()])
    metrics.show_nodes(known)
    assert by(metrics.registry, "slimgate_node_imagefs_used_bytes") == {}

    known.kept = [disk(image_fs=MEASURED, runtime=Runtime.CRIO)]
    assert by(metrics.registry, "slimgate_node_imagefs_used_bytes") == {}
    assert by(metrics.registry, "slimgate_node_imagefs_available_bytes") == {("n1",): 400}

    known.kept = []
    assert by(metrics.registry, "slimgate_node_imagefs_available_bytes") == {}


def test_truncated_lists() -> None:
    """A list that was cut is marked."""
    metrics = Metrics()
    metrics.show_nodes(Known([disk(limit=4)]))

    assert by(metrics.registry, "slimgate_node_image_list_truncated") == {("n1",): 1}


def test_namespaces_add_up() -> None:
    """Namespaces' own bytes, what they share and what is unused are all that nodes hold."""
    metrics = Metrics()
    metrics.show_nodes(Known([disk(*PODS), disk(pod("red", "c"))]))

    own = by(metrics.registry, "slimgate_namespace_image_disk_bytes")
    shared = by(metrics.registry, "slimgate_namespaces_shared_image_disk_bytes")
    assert own == {("red",): 22 + 33, ("blue",): 44}
    assert shared == {(): 11}
    unused = 33 + (110 - 33)
    assert sum(own.values()) + sum(shared.values()) + unused == 2 * 110


def test_number_of_namespaces_is_bounded() -> None:
    """The largest namespaces have series, all others one together."""
    registry = CollectorRegistry()
    known = Known([disk(pod("red", "ab"), pod("blue", "ad"), pod("green", "c"))])
    registry.register(NodeCollector(known, max_namespaces=1))

    assert by(registry, "slimgate_namespace_image_disk_bytes") == {
        ("blue",): 44,
        ("(other)",): 22 + 33,
    }
