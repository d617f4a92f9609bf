"""What would be won if every image were at its limit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.nodes.fleet import fleet_of
from slimgate.core.nodes.model import node_disk
from slimgate.core.nodes.node import Runtime
from slimgate.core.nodes.over_limits import OverLimits, OverSum, SizeLimit, over_limits
from slimgate.core.nodes.stored import NOTHING, Stored
from tests.core.disks import REPOSITORY, digest, facts, listed, node, pod

letters = st.text("abcde", min_size=1, max_size=4)

HALF = SizeLimit(policy="half", pull=2)  # `d` is 4 to pull and 40 unpacked
QUARTER = SizeLimit(policy="quarter", pull=1)
UNPACKED = SizeLimit(policy="unpacked", unpacked=30)
WIDE = SizeLimit(policy="wide", pull=100, unpacked=1000)

CASES: Sequence[tuple[Sequence[str], Mapping[str, Sequence[SizeLimit]], tuple[int, int]]] = [
    # images, limits by the namespace called as the image, compressed and unpacked bytes won
    (["d"], {"d": [HALF]}, (2, 20)),
    (["d"], {"d": [UNPACKED]}, (1, 10)),
    (["d"], {"d": [HALF, QUARTER, UNPACKED, WIDE]}, (3, 30)),
    (["d"], {"d": [WIDE]}, (0, 0)),
    (["d"], {}, (0, 0)),
    # `b` is held by one that may stay as it is, so only `d` is won: 6 to pull, of which 4 are over.
    (["bd", "b"], {"bd": [HALF]}, (2, 26)),
    # Both must shrink: `bd` by two thirds, `b` by a half.
    (["bd", "b"], {"bd": [HALF], "b": [QUARTER]}, (2 + 1, 26 + 10)),
]


def one(*limits: SizeLimit, spaces: Sequence[str] = ("red",), **node_: Runtime) -> OverLimits:
    """Judge a node with one image, of which `red` has limits, and all of these have a pod."""
    uses = {(("red", "Pod", "p"), REPOSITORY): limits}
    pods = [pod(space, "d") for space in spaces]
    return over_limits(
        node_disk(node(listed("d"), **node_), pods, {digest("d"): (facts("d"),)}), uses
    )


@pytest.mark.parametrize(("images", "limits", "won"), CASES)
def test_over_limits(
    images: Sequence[str], limits: Mapping[str, Sequence[SizeLimit]], won: tuple[int, int]
) -> None:
    """An image shrinks in proportion, and a layer only as far as all that use it."""
    pods = [pod(image, image) for image in images]
    uses = {((name, "Pod", "p"), REPOSITORY): several for name, several in limits.items()}
    has = node(*map(listed, images), listed("e"))

    found = over_limits(
        node_disk(has, pods, {digest(i): (facts(i),) for i in [*images, "e"]}), uses
    )

    assert found.total == Stored(compressed=won[0], unpacked=won[1])
    assert sum(found.images.values(), NOTHING) == found.total
    assert sum(found.workloads.values(), NOTHING) == found.total


def test_policies_by_themselves() -> None:
    """Each policy is told what it alone would win."""
    assert one(HALF, UNPACKED, WIDE).policies == {
        "half": Stored(compressed=2, unpacked=20),
        "unpacked": Stored(compressed=1, unpacked=10),
    }


def test_who_has_no_limit_keeps_the_image() -> None:
    """An image that another namespace may use as it is stays as it is."""
    found = one(HALF, spaces=("red", "blue"))

    assert (found.total, found.policies) == (NOTHING, {})


def test_runtimes_without_blobs() -> None:
    """A limit on the pull size counts there, too: it is no size of the disk."""
    assert one(HALF, runtime=Runtime.CRIO).total == Stored(unpacked=20)


@given(
    st.sets(letters, min_size=1, max_size=5),
    st.dictionaries(letters, st.integers(0, 20), max_size=5),
)
def test_no_more_is_won_than_there_is(images: set[str], limits: dict[str, int]) -> None:
    """The sums add up, and nobody wins more than the images in use take."""
    pods = [pod(image, image) for image in images]
    uses = {
        ((name, "Pod", "p"), REPOSITORY): [SizeLimit(policy=name, pull=limit)]
        for name, limit in limits.items()
    }
    disk = node_disk(
        node(*map(listed, sorted(images))), pods, {digest(i): (facts(i),) for i in images}
    )

    found = over_limits(disk, uses)

    assert found.total.compressed <= disk.total.compressed
    assert found.total.unpacked <= disk.total.unpacked
    assert sum(found.images.values(), NOTHING) == found.total
    assert sum(found.workloads.values(), NOTHING) == found.total


def test_all_nodes() -> None:
    """Nodes add up, images go by the names that they have in the fleet, and all policies count."""
    known = {digest(one): (facts(one),) for one in ("d", "bd")}
    limits = {(("red", "Pod", "p"), REPOSITORY): [HALF, WIDE]}
    tagged = node(listed("d", "r.example.com/app:1"), listed("bd"))
    disks = [
        replace(node_disk(has, [pod("red", "d")], known), node=name)
        for name, has in (("a", tagged), ("b", node(listed("d"))))
    ]
    together = OverSum(limits)
    for disk in disks:
        together.add(disk)
    over = together.over(fleet_of(disks))

    assert over.images == {"r.example.com/app:1": Stored(compressed=4, unpacked=40)}
    assert over.total == Stored(compressed=2 + 2, unpacked=20 + 20)
    assert over.policies == {"half": over.total, "wide": NOTHING}
