"""limits.layers: how many layers."""

import pytest

from slimgate.core.images.facts import Size
from slimgate.core.policies.checks.layers import CHECK
from slimgate.core.policies.policy import Limit
from tests.core.make import DENY, WARN, brief, image, limiting, one

POLICY = limiting(layers=Limit(warn=2, deny=3))


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, []), (2, []), (3, [(WARN, 3, 2)]), (4, [(DENY, 4, 3)])],
)
def test_layers(count: int, expected: list[tuple[object, ...]]) -> None:
    """Layers are counted, whether their sizes are known or not."""
    assert brief(CHECK.find(POLICY, one(image(*[Size.unknown("lost")] * count)))) == expected
