"""The parts of a node's disk, and its distance to the kubelet's thresholds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.nodes.model import node_disk
from slimgate.core.nodes.space import Space, space_of
from slimgate.core.nodes.summary import ImageFs
from slimgate.core.nodes.thresholds import Thresholds, thresholds_of
from tests.core.disks import digest, facts, listed, node, pod


def space(image_fs: ImageFs | None) -> Space:
    """Part the disk of a node with an image in use and one that is not."""
    has = node(listed("a"), listed("d"))
    known = {digest(one): (facts(one),) for one in "ad"}
    return space_of(node_disk(has, [pod("red", "a")], known, image_fs=image_fs))


def test_parts() -> None:
    """Images are scaled to what was measured, and the rest is the kubelet's word."""
    measured = ImageFs(used=107, capacity=1000, available=400, writable=7, logs=5, empty_dirs=3)

    found = space(measured)

    assert found == Space(
        images=5 + 100, writable=7, logs=5, empty_dirs=3, capacity=1000, available=400,
        reclaimable=4 + 80, exact=True, to_collection=400 - 160, to_eviction=400 - 150,
        first=0.85, thresholds=Thresholds(),
    )  # fmt: skip
    assert found.obtainable == 484


def test_nothing_measured() -> None:
    """What nobody measured is unknown, not zero."""
    found = space(None)

    assert found == Space(
        images=5 + 50, writable=None, logs=None, empty_dirs=None, capacity=None, available=None,
        reclaimable=44, exact=False, to_collection=None, to_eviction=None, first=None,
        thresholds=Thresholds(),
    )  # fmt: skip
    assert found.obtainable is None


@pytest.mark.parametrize(
    ("capacity", "available"), [(0, 0), (None, 5), (10, 11), (10, None), (None, None)]
)
def test_a_kubelet_that_lies(capacity: int | None, available: int | None) -> None:
    """More available than there is tells nothing, and neither does a disk of no size."""
    found = space(ImageFs(used=None, capacity=capacity, available=available))

    assert (found.to_collection, found.to_eviction, found.obtainable) == (None, None, None)
    assert found.first == (0.8 if capacity and available is None else None)


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 99), st.integers(1, 99))
def test_the_distance_is_the_kubelets_own(
    capacity: int, available: int, collect: int, evict: int
) -> None:
    """So much may be written and nothing begins; with a byte more it does."""
    available = min(available, capacity)
    own = Thresholds(collect=collect, evict=evict, read=True)
    fs = ImageFs(used=None, capacity=capacity, available=available, thresholds=own)

    found = space(fs)

    def collects(left: int) -> bool:
        return 100 - left * 100 // capacity >= collect

    def evicts(left: int) -> bool:
        return left * 100 < capacity * evict

    for distance, begins in ((found.to_collection, collects), (found.to_eviction, evicts)):
        assert distance is not None
        assert begins(available) or not begins(available - distance)
        assert begins(available - distance - 1)


def test_collection_that_is_switched_off() -> None:
    """At 100 percent the kubelet removes nothing, so there is no distance to that."""
    off = Thresholds(collect=100, read=True)
    fs = ImageFs(used=None, capacity=1000, available=400, thresholds=off)

    assert (space(fs).to_collection, space(fs).first) == (None, 0.85)
    never = Thresholds(collect=100, evict=0, node_evict=0, read=True)
    assert space(ImageFs(used=None, capacity=9, available=9, thresholds=never)).first is None
    late = Thresholds(evict=50, evict_bytes=7, read=True)
    assert space(ImageFs(used=None, capacity=9, available=9, thresholds=late)).first == 0.222222


HARD = [
    # evictionHard, of the node's own file system; until it ends pods, of 400 of 1000
    ({}, True, None),
    ({"imagefs.available": "15%"}, False, 250),
    ({"imagefs.available": "7.5%"}, False, 325),
    ({"imagefs.available": "10", "nodefs.available": "20%"}, False, 390),
    # The first of both counts where they are of one disk.
    ({"imagefs.available": "10", "nodefs.available": "20%"}, True, 200),
    ({"imagefs.available": "50%", "nodefs.available": "1"}, True, 0),
    ({"nodefs.available": "20%"}, False, None),
    ({"imagefs.available": "1Ki", "memory.available": "99%"}, False, 0),
    # What is no amount is no threshold.
    ({"imagefs.available": "x", "nodefs.available": 7}, True, None),
    ({"imagefs.available": "-5"}, True, None),
    ({"imagefs.available": "999%"}, True, 0),
    ([], True, None),
]


@pytest.mark.parametrize(("hard", "is_nodes", "expected"), HARD)
def test_own_thresholds(hard: object, is_nodes: bool, expected: int | None) -> None:  # noqa: FBT001
    """What a kubelet's configuration says counts, and what is not in it is switched off."""
    own = thresholds_of(
        {"kubeletconfig": {"imageGCHighThresholdPercent": 80, "evictionHard": hard}}
    )
    fs = ImageFs(used=None, capacity=1000, available=400, is_nodes=is_nodes, thresholds=own)

    found = space(fs)

    assert (found.thresholds.read, found.to_eviction, found.to_collection) == (True, expected, 190)
    if expected != 0:
        # Whichever comes first: 80 % used, or what pods are ended from.
        first = 0.8 if expected is None else min(0.8, 1 - (400 - expected) / 1000)
        assert found.first == pytest.approx(first)


@pytest.mark.parametrize(
    "configz",
    [
        None, [], {}, {"kubeletconfig": []}, {"kubeletconfig": {}},
        {"kubeletconfig": {"imageGCHighThresholdPercent": "85"}},
        {"kubeletconfig": {"imageGCHighThresholdPercent": 101}},
    ],
)  # fmt: skip
def test_no_thresholds(configz: object) -> None:
    """What is no kubelet's configuration says nothing, so that defaults are assumed."""
    assert thresholds_of(configz) is None


def test_no_more_can_be_had_than_there_is() -> None:
    """What is reclaimable by the model never makes the disk larger."""
    assert space(ImageFs(used=None, capacity=1000, available=999)).obtainable == 1000
