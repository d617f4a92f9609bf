"""Findings: how outcomes outweigh one another, and what was inspected."""

import pytest

from slimgate.core.errors import NotFoundError
from slimgate.core.policies.finding import Outcome
from tests.core.make import WEB, image, inspection, subject, use


def test_outcomes() -> None:
    """A denial outweighs what is unknown, and that a warning."""
    labels = [outcome.label for outcome in sorted(Outcome)]

    assert labels == ["allow", "warn", "unknown", "deny"]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_inspected(count: int) -> None:
    """Only images whose inspection succeeded are measured."""
    seen = inspection(image(1))
    good = {use(name=f"c{number}"): seen for number in range(count)}

    assert subject({**good, WEB: NotFoundError("gone")}).inspected() == good
