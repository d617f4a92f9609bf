"""What is stored once, what twice, and what is not known."""

from dataclasses import replace

import pytest

from slimgate.core.images.facts import DiffID, Layer, Size
from slimgate.core.nodes.stored import DiskContents, Stored, chain_ids
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
    store = DiskContents(keeps_blobs=keeps_blobs)
    for place, layers in enumerate(images):
        store.put(place, replace(disks.facts("a"), layers=layers))
    return sum(store.groups().values(), Stored()), store.unknown_layers


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
