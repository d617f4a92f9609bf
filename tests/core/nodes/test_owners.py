"""Who owns the bytes of a node: every byte somebody, and sums that are exact."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.images.facts import Base, Digest, ImageFacts, Size
from slimgate.core.images.tier import Tier
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.fleet import fleet_of, image_name
from slimgate.core.nodes.model import node_disk
from slimgate.core.nodes.node import NodePod
from slimgate.core.nodes.scale import Scale
from slimgate.core.nodes.shares import apportion
from slimgate.core.nodes.stored import NOTHING, Stored
from slimgate.core.nodes.summary import ImageFs
from slimgate.core.workloads.workload import Owner
from tests.core.disks import digest, facts, layer, listed, node, pod

MIB = 2**20
letters = st.text("abcde", min_size=1, max_size=4)
uses = st.lists(st.tuples(st.sampled_from(["red", "blue", "green"]), letters), max_size=8)
weights = st.dictionaries(st.text(max_size=3), st.integers(0, 2**80), min_size=1, max_size=9)


def known(*images: str) -> Mapping[Digest, tuple[ImageFacts, ...]]:
    """Make facts, of tiers by the first letter."""
    tiers = {"a": Tier.SCRATCH, "b": Tier.FULL}
    return {
        digest(one): (replace(facts(one), base=Base(tier=tiers.get(one[0]))),) for one in images
    }


def disk(images: set[str], pods: list[NodePod], measured: int | None = None) -> NodeDisk:
    """Model a node of images that are all known."""
    image_fs = ImageFs(used=measured, capacity=None, available=None)
    return node_disk(node(*map(listed, sorted(images))), pods, known(*images), image_fs=image_fs)


def exact(found: NodeDisk, name: tuple[str, str, str]) -> Fraction:
    """Tell a workload's part of the disk by the rule as it is written, in fractions."""
    part = Fraction(0)
    for piece in found.pieces:
        users = {use[0] for place in piece.holders for use in found.images[place].uses}
        spaces = {user[0] for user in users}
        if name in users:
            mates = [user for user in users if user[0] == name[0]]
            part += Fraction(piece.stored.disk, len(spaces) * len(mates))
    return part


@given(weights, st.integers(0, 2**80))
def test_parts_add_up(parts: dict[str, int], total: int) -> None:
    """They are the whole, and each is within a byte of what is exact."""
    found = apportion(parts, total)
    whole = sum(parts.values())

    assert sum(found.values()) == total
    assert found.keys() == parts.keys()
    for key, weight in parts.items():
        even = Fraction(total, len(parts)) if not whole else Fraction(weight * total, whole)
        assert abs(found[key] - even) < 1


def test_nobody() -> None:
    """Where nobody is there, nothing can be divided, and is not lost in silence."""
    assert apportion({}, 0) == {}
    with pytest.raises(ValueError, match="nobody is there for 3 bytes"):
        apportion({}, 3)


@given(st.sets(letters, max_size=6), uses, st.integers(0, 2**40) | st.none())
def test_every_byte_is_somebodys(
    images: set[str], using: list[tuple[str, str]], measured: int | None
) -> None:
    """By workload, namespace, image and tier the sums are what was measured, else the model."""
    pods = [pod(space, image, called=f"{n}") for n, (space, image) in enumerate(using)]
    everything = images | {image for _, image in using}

    found = disk(everything, pods, measured)

    owners, scale = found.owners, found.scale
    rest = Stored(unpacked=owners.unexplained)
    total = Stored(compressed=found.total.compressed, unpacked=scale.shown + scale.unexplained)
    assert owners.total == total
    assert sum(owners.workloads.values(), owners.pinned + owners.unused) + rest == total
    assert sum(owners.images, rest) == total
    assert sum(owners.tiers.values(), rest) == total
    free = [o for o, i in zip(owners.images, found.images, strict=True) if i.free_to_go]
    assert sum(free, NOTHING) == owners.unused
    if scale.measured is not None:
        assert total.unpacked == scale.measured == measured
    else:
        assert total == found.total


@given(st.sets(letters, min_size=1, max_size=6), uses)
def test_shares_are_fair(images: set[str], using: list[tuple[str, str]]) -> None:
    """A layer is divided among the namespaces that use it, and in each among its workloads."""
    pods = [pod(space, image, called=f"{n}") for n, (space, image) in enumerate(using)]
    found = disk(images | {image for _, image in using}, pods)

    for name, share in found.owners.workloads.items():
        assert abs(share.disk - exact(found, name)) <= 2  # a byte of either form
    for space, share in found.owners.namespaces.items():
        mine = [own for name, own in found.owners.workloads.items() if name[0] == space]
        assert share == sum(mine, NOTHING)


def test_a_namespace_cannot_change_the_shares_of_others() -> None:
    """Cut into many workloads it has the same share as in one."""
    one = [pod("red", "ac", called="x"), pod("blue", "ac")]
    many = [*(pod("red", "ac", called=f"{n}") for n in range(7)), pod("blue", "ac")]

    for pods in (one, many):
        shares = disk({"ac"}, pods).owners.namespaces
        assert {name: share.disk for name, share in shares.items()} == {"red": 22, "blue": 22}


SCALES = [
    # blocks, loose, measured, complete; believed, shown, unexplained
    (0, 100 * MIB, None, True, None, 100 * MIB, 0),
    (0, 100 * MIB, 110 * MIB, True, 110 * MIB, 110 * MIB, 0),
    (0, 100 * MIB, 95 * MIB, True, 95 * MIB, 95 * MIB, 0),
    (60 * MIB, 40 * MIB, 95 * MIB, True, 95 * MIB, 95 * MIB, 0),
    # More than blocks can make of it: of images that nobody lists.
    (0, 100 * MIB, 500 * MIB, True, 500 * MIB, 216 * MIB, 284 * MIB),
    # What is missing is not spread over what is known.
    (0, 100 * MIB, 110 * MIB, False, 110 * MIB, 100 * MIB, 10 * MIB),
    (0, 100 * MIB, 90 * MIB, False, 90 * MIB, 90 * MIB, 0),
    (0, 0, 90 * MIB, True, 90 * MIB, 0, 90 * MIB),
    # A kubelet that lies.
    (100 * MIB, 0, 1, True, None, 100 * MIB, 0),
    (0, 100 * MIB, 2**63 - 1, True, 2**63 - 1, 216 * MIB, 2**63 - 1 - 216 * MIB),
    (0, 0, 0, True, 0, 0, 0),
]


@pytest.mark.parametrize(
    ("blocks", "loose", "measured", "complete", "believed", "shown", "unexplained"), SCALES
)
def test_scale(
    *, blocks: int, loose: int, measured: int | None, believed: int | None, shown: int,
    unexplained: int, complete: bool,
) -> None:  # fmt: skip
    """What was measured stands, and what no image can explain is said to be so."""
    modelled = Stored(unpacked=blocks + loose, blocks=blocks, loose=loose)
    found = Scale.to(modelled, measured, complete=complete)

    assert found == Scale(
        modelled=modelled, measured=believed, shown=shown, unexplained=unexplained
    )
    assert (found.factor is None) == (believed is None or not modelled.unpacked)
    assert found.of(modelled).unpacked == (shown if modelled.unpacked else 0)


@pytest.mark.parametrize(
    ("blocks", "loose", "measured", "of_blocks", "of_loose"),
    [
        # What was counted is so, and the other is what is left.
        (1000, 1000, 2100, 1001, 1099),
        (1000, 1000, 1950, 1000, 950),
        # So few tars can't be what makes so many blocks more.
        (100_000, 1000, 100_600, 99_606, 994),
        (100_000, 5000, 105_500, 100_368, 5132),
        # No tar is so much more or less on a disk, so both are wrong.
        (1000, 100, 2200, 2000, 200),
        (1000, 1000, 1200, 600, 600),
        (1000, 0, 1100, 1100, 0),
        (0, 1000, 1100, 0, 1100),
    ],
)
def test_what_was_counted_is_not_scaled(
    blocks: int, loose: int, measured: int, of_blocks: int, of_loose: int
) -> None:
    """The difference to what was measured is with the layers whose files nobody counted."""
    whole = Stored(unpacked=blocks + loose, blocks=blocks, loose=loose)

    found = Scale.to(whole, measured, complete=True)

    assert found.of(Stored(blocks=blocks)).unpacked == of_blocks
    assert found.of(Stored(loose=loose)).unpacked == of_loose


def test_blocks_count_for_shares() -> None:
    """Whose files take more than their tars has more of what was measured, with the same tars."""
    many = replace(
        facts("a"), layers=(replace(layer("a"), unpacked=Size.measured(10, on_disk=30)),)
    )
    few = replace(facts("b"), layers=(replace(layer("b"), unpacked=Size.measured(10, on_disk=10)),))
    pods = [pod("red", "a"), pod("blue", "b")]
    known_now = {digest("a"): (many,), digest("b"): (few,)}
    image_fs = ImageFs(used=44, capacity=None, available=None)

    bare = node_disk(node(listed("a"), listed("b")), pods, known_now)
    scaled = node_disk(node(listed("a"), listed("b")), pods, known_now, image_fs=image_fs)

    for found, sizes in ((bare, (30, 10)), (scaled, (33, 11))):
        shares = found.owners.namespaces
        assert (shares["red"].unpacked, shares["blue"].unpacked) == sizes
        assert found.total.unpacked == 20


def test_writable_layers_are_no_images() -> None:
    """What containers wrote is measured with the layers, and taken off."""
    image_fs = ImageFs(used=110 * 10, capacity=None, available=None, writable=1000)

    found = node_disk(node(listed("d")), [], known("d"), image_fs=image_fs)

    assert (found.scale.measured, found.scale.shown) == (100, 100)
    assert found.owners.unused == Stored(compressed=4, unpacked=100)
    assert (found.scale.factor, found.measured) == (2.5, 1104)


def test_fleet() -> None:
    """Over all nodes the sums are those of the nodes, and each image is one."""
    web = Owner(kind="Deployment", name="web")
    pods = [replace(pod("red", "ab"), owner=web), pod("blue", "ac")]
    disks = [
        disk({"ab", "ac", "e"}, pods, 200),
        replace(disk({"ab", "e"}, [*pods[:1], pod("green", "ab", "ab")]), node="n2"),
    ]

    found = fleet_of(disks)

    images = {one.digest: one for one in found.images}
    rest = Stored(unpacked=found.unexplained)
    assert found.total == sum((one.owners.total for one in disks), NOTHING)
    assert found.nodes.keys() == {"n1", "n2"}
    for parts in (found.workloads, found.namespaces):
        assert sum(parts.values(), found.pinned + found.unused) + rest == found.total
    assert sum((one.share for one in found.images), rest) == found.total
    assert sum(found.tiers.values(), rest) == found.total
    assert sum((one.unused for one in found.images), NOTHING) == found.unused
    assert {name: (one.nodes, one.containers) for name, one in images.items()} == {
        digest("ab"): (2, 4), digest("ac"): (1, 1), digest("e"): (2, 0)
    }  # fmt: skip
    assert found.workloads.keys() == {
        ("red", "Deployment", "web"), ("blue", "Pod", "p"), ("green", "Pod", "p")
    }  # fmt: skip
    assert (found.unmeasured, found.incomplete) == (1, 0)
    assert set(found.tiers) == {Tier.SCRATCH, None}


def test_fleet_of_nothing() -> None:
    """A cluster without nodes has no bytes."""
    assert (fleet_of([]).total, fleet_of([]).images) == (NOTHING, ())


def test_names() -> None:
    """People know a tag rather than a digest, and there may be no name at all."""
    assert image_name(["r.io/a@sha256:1", "r.io/a:1"]) == "r.io/a:1"
    assert image_name([]) == ""
