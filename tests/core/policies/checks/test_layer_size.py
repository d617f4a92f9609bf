"""limits.layerSize: the largest single layer."""

import pytest

from slimgate.core.images.facts import Size
from slimgate.core.policies.checks.layer_size import CHECK
from slimgate.core.policies.policy import Limit
from tests.core.make import DENY, UNKNOWN, WARN, brief, image, limiting, one

POLICY = limiting(layer_size=Limit(warn=50, deny=100))
LOST = Size.unknown("lost")


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([], []),
        ([50, 50, 50], []),
        ([1, 51], [(WARN, 51, 50)]),
        ([100, 100], [(WARN, 100, 50)]),
        ([101, 1, 102], [(DENY, 102, 100)]),
        ([LOST], [(UNKNOWN, None, None)]),
        ([1, LOST], [(UNKNOWN, None, None)]),
        ([LOST, 51], [(UNKNOWN, None, 100), (WARN, 51, 50)]),
        ([LOST, 60, 60], [(UNKNOWN, None, 100), (WARN, 60, 50)]),
        ([LOST, 101], [(DENY, 101, 100)]),
    ],
)
def test_layer_size(layers: list[int | Size], expected: list[tuple[object, ...]]) -> None:
    """Layers are compared one by one: one above the limit decides, whatever the others are."""
    assert brief(CHECK.find(POLICY, one(image(*layers)))) == expected


def test_a_layer_is_as_large_as_it_is() -> None:
    """A layer that is known is told as it is, though another may be larger."""
    (found,) = CHECK.find(POLICY, one(image(LOST, 101)))

    assert (found.at_least, found.reason) == (False, None)
