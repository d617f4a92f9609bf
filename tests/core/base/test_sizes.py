"""Bands of a root layer's size."""

import pytest

from slimgate.core.base.sizes import LayerSize, debian_tier, is_alpine, is_busybox
from slimgate.core.images.tier import Tier
from tests.core.base.make import MB


@pytest.mark.parametrize(
    ("pull", "unpacked", "architecture", "tier"),
    [
        (28, 78, "amd64", Tier.SLIM),
        (49, 120, "amd64", Tier.FULL),
        (28, None, "amd64", Tier.SLIM),
        (None, 121, "amd64", Tier.FULL),
        (28, 101, "arm64", Tier.SLIM),
        (None, 101, "arm64", Tier.SLIM),
        (None, 140, "arm64", Tier.FULL),
        (38, None, "amd64", None),
        (28, 121, "amd64", None),
        (72.5, 69.2, "amd64", Tier.SLIM),
        (None, None, "amd64", None),
    ],
)
def test_debian_is_told_slim_from_full(
    pull: float | None, unpacked: float | None, architecture: str, tier: Tier | None
) -> None:
    """Known figures must agree; a layer stored plain tells by its unpacked length alone."""
    size = LayerSize(
        pull=None if pull is None else int(pull * MB),
        unpacked=None if unpacked is None else int(unpacked * MB),
    )

    assert tier is debian_tier(size, architecture)


def test_an_unknown_size_is_neither_in_nor_out() -> None:
    """Without a figure there is no answer."""
    assert [is_alpine(LayerSize()), is_busybox(LayerSize())] == [None, None]


@pytest.mark.parametrize(
    ("pull", "unpacked", "lacking", "much"),
    [
        (7, None, True, False),
        (9, None, False, False),
        (7, 30, False, False),
        (120, None, False, True),
        (None, 310, False, True),
        (None, None, False, False),
    ],
)
def test_room_for_a_toolchain(
    pull: int | None, unpacked: int | None, *, lacking: bool, much: bool
) -> None:
    """A layer tells that no toolchain fits, or that little was removed; of no size nothing."""
    sizes = [None if one is None else one * MB for one in (pull, unpacked)]
    size = LayerSize(pull=sizes[0], unpacked=sizes[1])

    assert [size.lacks_compiler, size.is_large] == [lacking, much]
