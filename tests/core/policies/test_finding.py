"""What was inspected of a workload."""

import pytest

from slimgate.core.errors import NotFoundError
from tests.core.make import WEB, image, inspection, subject, use


@pytest.mark.parametrize("count", [0, 1, 2])
def test_inspected(count: int) -> None:
    """Only images whose inspection succeeded are measured."""
    seen = inspection(image(1))
    good = {use(name=f"c{number}"): seen for number in range(count)}

    assert subject({**good, WEB: NotFoundError("gone")}).inspected() == good
