"""Disk models as metrics: few series, disjoint parts that add up, no series of what is unknown."""

from dataclasses import dataclass, field, replace

import pytest
from prometheus_client import CollectorRegistry

from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.fleet import Fleet, fleet_of
from slimgate.core.nodes.look import Look, LookSum
from slimgate.core.nodes.model import node_disk
from slimgate.core.nodes.node import NodePod, Runtime
from slimgate.core.nodes.over_limits import FleetOver
from slimgate.core.nodes.summary import ImageFs
from slimgate.core.policies.budget import NO_BUDGETS, OverBudgets
from slimgate.metrics import ControllerMetrics
from slimgate.metrics.nodes import NodeCollector
from tests.core.disks import digest, facts, listed, node, pod
from tests.metrics.series import by

IMAGES = ("ab", "ad", "c", "e")
MEASURED = ImageFs(used=120, capacity=1000, available=400, writable=10, logs=5, empty_dirs=0)
BYTES = "slimgate_node_image_bytes"
NAMESPACES = "slimgate_namespace_image_bytes"


@dataclass
class Known:
    """Disk models that a test keeps."""

    kept: list[NodeDisk] = field(default_factory=list)
    last_success: float | None = None

    unread: dict[str, str] = field(default_factory=dict)

    @property
    def last(self) -> Look:
        """Add all of them up."""
        together = LookSum(unread=self.unread)
        for one in self.kept:
            together.add(one)
        return replace(together.look(), fleet=self.fleet(), over=self.over())

    def fleet(self) -> Fleet:
        """Add them up."""
        return fleet_of(self.kept)

    def over_budget(self) -> OverBudgets:
        """Know of no budgets."""
        return NO_BUDGETS

    def over(self) -> FleetOver | None:
        """Know of no limits."""
        return None


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


def shown(*disks: NodeDisk) -> CollectorRegistry:
    """Show disk models."""
    metrics = ControllerMetrics()
    metrics.show_nodes(Known([*disks]))
    return metrics.nodes


PODS = (pod("red", "ab"), pod("blue", "ad"))

FIGURES = [
    # what becomes of `slimgate_node_…` on containerd
    ("images_without_facts", 1),
    ("layers_without_size", 0),
    ("image_list_truncated", 0),
    ("imagefs_used_bytes", 120),
    ("imagefs_capacity_bytes", 1000),
    ("imagefs_available_bytes", 400),
    ("imagefs_until_collection_bytes", 400 - 160),
    ("imagefs_until_eviction_bytes", 400 - 150),
    ("imagefs_threshold_ratio", 0.85),
    ("thresholds_read", 0),
    ("image_reclaimable_bytes", 3 + 30),
    ("image_measured_ratio", 1),
]


@pytest.mark.parametrize(("name", "expected"), FIGURES)
def test_figures(name: str, expected: float) -> None:
    """Each figure is one series a node."""
    assert by(shown(disk(*PODS, image_fs=MEASURED)), f"slimgate_node_{name}") == {("n1",): expected}


def test_bytes() -> None:
    """Who holds them and in which form: each byte once, so that the sum is the whole."""
    model = disk(*PODS)
    counted = by(shown(model), BYTES)

    assert counted == {
        ("compressed", "n1", "exclusive"): 2 + 4,
        ("compressed", "n1", "shared"): 1,
        ("compressed", "n1", "unused"): 3,
        ("unpacked", "n1", "exclusive"): 20 + 40,
        ("unpacked", "n1", "shared"): 10,
        ("unpacked", "n1", "unused"): 30,
    }
    assert sum(counted.values()) == model.total.disk


def test_disk() -> None:
    """The parts of a disk are those that anybody measured; images there always are."""
    measured = by(shown(disk(*PODS, image_fs=MEASURED)), "slimgate_node_disk_bytes")
    modelled = by(shown(disk(*PODS)), "slimgate_node_disk_bytes")

    assert measured == {
        ("n1", "images"): 10 + 110,
        ("n1", "writable"): 10,
        ("n1", "logs"): 5,
        ("n1", "empty_dirs"): 0,
    }
    assert modelled == {("n1", "images"): 10 + 100}


@pytest.mark.parametrize("runtime", [Runtime.CRIO, Runtime.DOCKER, Runtime.OTHER])
def test_runtimes_that_keep_one_form(runtime: Runtime) -> None:
    """There is no series of what they don't keep."""
    counted = by(shown(disk(*PODS, runtime=runtime)), BYTES)

    assert {form for form, _, _ in counted} == {"unpacked"}
    assert sum(counted.values()) == 100


def test_images() -> None:
    """Used and unused ones are all that there are."""
    assert by(shown(disk(*PODS)), "slimgate_node_images") == {
        ("n1", "used"): 2,
        ("n1", "unused"): 2,
    }


def test_what_is_not_measured_has_no_series() -> None:
    """A kubelet that can't be read leaves no zero behind, nor does CRI-O's misleading figure."""
    used, available = "slimgate_node_imagefs_used_bytes", "slimgate_node_imagefs_available_bytes"
    metrics = ControllerMetrics()
    known = Known([disk()])
    metrics.show_nodes(known)
    assert by(metrics.nodes, used) == {}

    known.kept = [disk(image_fs=MEASURED, runtime=Runtime.CRIO)]
    assert by(metrics.nodes, used) == {}
    assert by(metrics.nodes, available) == {("n1",): 400}

    known.kept = []
    assert by(metrics.nodes, available) == {}


def test_what_could_not_be_read_is_named() -> None:
    """Each node that was not read or is not believed has a series with the reason, no other has."""
    lies = (replace(MEASURED, used=49), replace(MEASURED, available=1001))
    disks = [
        replace(disk(*PODS, image_fs=fs), node=name)
        for name, fs in (("low", lies[0]), ("high", lies[1]), ("true", MEASURED), ("mute", None))
    ]
    metrics = ControllerMetrics()
    metrics.show_nodes(Known(disks, unread={"gone": "pods", "mute": "late"}))

    assert by(metrics.nodes, "slimgate_node_unread") == {
        ("gone", "pods"): 1,
        ("mute", "late"): 1,
        ("low", "not_believed"): 1,
        ("high", "not_believed"): 1,
    }
    ratios = by(metrics.nodes, "slimgate_node_image_measured_ratio")
    assert {node for (node,) in ratios} == {"high", "true"}


def test_truncated_lists() -> None:
    """A list that was cut is marked."""
    assert by(shown(disk(limit=4)), "slimgate_node_image_list_truncated") == {("n1",): 1}


def test_last_success() -> None:
    """There is no time of a survey before the first one."""
    name = "slimgate_node_survey_last_success_timestamp_seconds"
    known = Known()
    metrics = ControllerMetrics()
    metrics.show_nodes(known)
    assert by(metrics.nodes, name) == {}

    known.last_success = 1.7e9

    assert by(metrics.nodes, name) == {(): 1.7e9}


def test_namespaces_add_up() -> None:
    """Namespaces' own bytes and what they share are all that nodes hold in use."""
    registry = shown(disk(*PODS), disk(pod("red", "c")))

    counted = by(registry, NAMESPACES)
    assert counted == {("red",): 22 + 33, ("blue",): 44, ("_shared",): 11}
    unused = 33 + (110 - 33)
    assert sum(counted.values()) + unused == 2 * 110


def test_number_of_namespaces_is_bounded() -> None:
    """The largest namespaces have series, all others one together."""
    registry = CollectorRegistry()
    known = Known([disk(pod("red", "ab"), pod("blue", "ad"), pod("green", "c"))])
    registry.register(NodeCollector(known, max_namespaces=1))

    assert by(registry, NAMESPACES) == {("blue",): 44, ("_other",): 22 + 33, ("_shared",): 11}


def test_registries() -> None:
    """A namespace's part of registries is what its pods run, on however many nodes it lies."""
    model = disk(*PODS)
    parts = by(shown(model, replace(model, node="n2")), "slimgate_namespace_registry_bytes")

    assert parts == {("red",): 3, ("blue",): 4}
