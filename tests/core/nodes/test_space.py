"""The parts of a node's disk, and its distance to the kubelet's thresholds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.nodes.model import node_disk
from slimgate.core.nodes.space import Space, Thresholds, space_of
from slimgate.core.nodes.summary import ImageFs
from tests.core.disks import digest, facts, listed, node, pod


def space(image_fs: ImageFs | None, thresholds: Thresholds | None = None) -> Space:
    """Part the disk of a node with an image in use and one that is not."""
    has = node(listed("a"), listed("d"))
    known = {digest(one): (facts(one),) for one in "ad"}
    return space_of(node_disk(has, [pod("red", "a")], known, image_fs=image_fs), thresholds)


def test_parts() -> None:
    """Images are scaled to what was measured, and the rest is the kubelet's word."""
    measured = ImageFs(used=107, capacity=1000, available=400, writable=7, logs=5, empty_dirs=3)

    found = space(measured)

    assert found == Space(
        images=5 + 100, writable=7, logs=5, empty_dirs=3, capacity=1000, available=400,
        reclaimable=4 + 80, exact=True, to_collection=400 - 160, to_eviction=400 - 150,
    )  # fmt: skip
    assert found.obtainable == 484


def test_nothing_measured() -> None:
    """What nobody measured is unknown, not zero."""
    found = space(None)

    assert found == Space(
        images=5 + 50, writable=None, logs=None, empty_dirs=None, capacity=None, available=None,
        reclaimable=44, exact=False, to_collection=None, to_eviction=None,
    )  # fmt: skip
    assert found.obtainable is None


@pytest.mark.parametrize(
    ("capacity", "available"), [(0, 0), (None, 5), (10, 11), (10, None), (None, None)]
)
def test_a_kubelet_that_lies(capacity: int | None, available: int | None) -> None:
    """More available than there is tells nothing, and neither does a disk of no size."""
    found = space(ImageFs(used=None, capacity=capacity, available=available))

    assert (found.to_collection, found.to_eviction, found.obtainable) == (None, None, None)


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 99), st.integers(1, 99))
def test_the_distance_is_the_kubelets_own(
    capacity: int, available: int, collect: int, evict: int
) -> None:
    """So much may be written and nothing begins; with a byte more it does."""
    available = min(available, capacity)
    fs = ImageFs(used=None, capacity=capacity, available=available)

    found = space(fs, Thresholds(collect=collect, evict=evict))

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
    fs = ImageFs(used=None, capacity=1000, available=400)

    assert space(fs, Thresholds(collect=100)).to_collection is None


def test_no_more_can_be_had_than_there_is() -> None:
    """What is reclaimable by the model never makes the disk larger."""
    assert space(ImageFs(used=None, capacity=1000, available=999)).obtainable == 1000
