"""What is stored once, what twice, and what is not known."""

from dataclasses import replace

import pytest

from slimgate.core.images.facts import DiffID, Layer, Size
from slimgate.core.nodes.layout import MAX_BYTES
from slimgate.core.nodes.model import node_disk
from slimgate.core.nodes.node import Runtime
from slimgate.core.nodes.stored import Stored, chain_ids
from tests.core import disks

NO_SIZE = Size.unknown("nobody looked")

SHARING = [
    # images, content, unpacked
    ([], 0, 0),
    (["a"], 1, 10),
    (["a", "a"], 1, 10),
    (["ab", "ac"], 1 + 2 + 3, 10 + 20 + 30),
    # The same layer on another parent: one blob, two snapshots.
    (["ab", "cb"], 1 + 2 + 3, 10 + 20 + 30 + 20),
    (["aa"], 1, 10 + 10),
    (["ab", "ba"], 1 + 2, 10 + 20 + 20 + 10),
]

MIDDLE = disks.layer("b")
UNKNOWN = [
    # the second of three layers, content, unpacked, layers of unknown size
    (replace(MIDDLE, unpacked=NO_SIZE), 1 + 2 + 3, 10 + 30, 1),
    (replace(MIDDLE, pull=NO_SIZE), 1 + 3, 10 + 20 + 30, 1),
    (replace(MIDDLE, pull=NO_SIZE, unpacked=NO_SIZE), 1 + 3, 10 + 30, 1),
    (replace(MIDDLE, digest=None), 1 + 3, 10 + 20 + 30, 1),
    # Without its diffID nobody knows where the layers above it are stored.
    (replace(MIDDLE, diff_id=None), 1 + 2 + 3, 10, 2),
]


def stored(*images: tuple[Layer, ...], keeps_blobs: bool = True) -> tuple[Stored, int]:
    """Return all bytes of these images, and the number of unknown layers."""
    known = [replace(disks.facts(str(n)), layers=layers) for n, layers in enumerate(images)]
    has = disks.node(
        *(disks.listed(str(n)) for n in range(len(images))),
        runtime=Runtime.CONTAINERD if keeps_blobs else Runtime.DOCKER,
    )
    found = node_disk(has, [], {disks.digest(str(n)): (one,) for n, one in enumerate(known)})
    return found.total, found.unknown_layers


@pytest.mark.parametrize(("images", "content", "unpacked"), SHARING)
def test_sharing(images: list[str], content: int, unpacked: int) -> None:
    """Blobs are shared by digest, unpacked layers only on the same parents."""
    layers = [disks.facts(letters).layers for letters in images]

    assert stored(*layers) == (Stored(compressed=content, unpacked=unpacked), 0)
    assert stored(*layers, keeps_blobs=False) == (Stored(unpacked=unpacked), 0)


@pytest.mark.parametrize(("middle", "content", "unpacked", "unknown"), UNKNOWN)
def test_unknown_layers_are_left_out(
    middle: Layer, content: int, unpacked: int, unknown: int
) -> None:
    """What is not known of a layer counts as nothing, and the layer is counted once."""
    layers = (disks.layer("a"), middle, disks.layer("c"))

    assert stored(layers) == (Stored(compressed=content, unpacked=unpacked), unknown)
    assert stored(layers, layers) == (Stored(compressed=content, unpacked=unpacked), unknown)


A, B, C = (disks.layer(letter) for letter in "abc")
SIZED = [
    # two images, content, unpacked, layers of unknown size
    # Known to be so much at least.
    ((replace(A, unpacked=Size.unknown("?", at_least=7)),), (B,), 1 + 2, 7 + 20, 1),
    # What was measured under one parent is as long under another, what was estimated may not be.
    ((A, B), (C, replace(B, unpacked=NO_SIZE)), 6, 10 + 20 + 30 + 20, 0),
    ((A, replace(B, unpacked=Size.estimated(20))), (C, replace(B, unpacked=NO_SIZE)), 6, 60, 1),
    # On the same parents it is the same layer, by whomever it is known.
    ((A, replace(B, unpacked=Size.estimated(20))), (A, replace(B, unpacked=NO_SIZE)), 3, 30, 0),
    ((A, replace(B, pull=NO_SIZE)), (A, B), 3, 30, 0),
    # One image's word against another's: what was measured, else the least.
    ((replace(A, unpacked=Size.estimated(9_000)),), (A,), 1, 10, 0),
    ((replace(A, pull=Size.known(2**70)),), (A,), 1, 10, 0),
]


@pytest.mark.parametrize(("one", "other", "content", "unpacked", "unknown"), SIZED)
def test_what_two_images_say(
    one: tuple[Layer, ...], other: tuple[Layer, ...], content: int, unpacked: int, unknown: int
) -> None:
    """A layer is as long as it was measured anywhere; what one image alone says is its own."""
    for pair in ((one, other), (other, one)):
        assert stored(*pair) == (Stored(compressed=content, unpacked=unpacked), unknown)


def test_the_majority() -> None:
    """A single liar is outvoted, whichever way the lie goes."""
    for lie in (1, 2**70):
        liar = replace(A, pull=Size.known(lie), unpacked=Size.estimated(lie))
        honest = replace(A, pull=Size.known(5), unpacked=Size.estimated(50))
        assert stored((liar,), (honest,), (honest,)) == (Stored(compressed=5, unpacked=50), 0)


def test_no_sum_overflows() -> None:
    """What claims to be larger than any disk counts as the largest."""
    huge = replace(A, pull=Size.known(10**400), unpacked=Size.estimated(10**400))

    assert stored((huge,)) == (Stored(compressed=MAX_BYTES, unpacked=MAX_BYTES), 0)


def test_layers_without_any_name_are_told_apart_by_their_number() -> None:
    """Two layers without digest and size are two unknown layers."""
    nothing = replace(disks.layer("a"), digest=None, diff_id=None, unpacked=NO_SIZE)

    assert stored((nothing, nothing)) == (Stored(), 2)


def test_chain_ids() -> None:
    """They are those of the image specification, of which containerd names its snapshots."""
    ids = [DiffID(f"sha256:{letter * 64}") for letter in "ab"]

    assert list(chain_ids(ids)) == [
        f"sha256:{'a' * 64}",
        # printf 'sha256:aaa… sha256:bbb…' | sha256sum
        "sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c",
    ]


def test_disk_is_both() -> None:
    """Blobs and unpacked layers each take their place."""
    assert Stored(compressed=3, unpacked=4).disk == 7
