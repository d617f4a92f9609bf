"""HTTP statuses as label values."""

import pytest

from slimgate.metrics.statuses import outcome_label

OUTCOMES = [
    (200, "200"),
    (204, "2xx"),
    (307, "3xx"),
    (401, "401"),
    (418, "4xx"),
    (599, "5xx"),
    (999, "_other"),
    (0, "_other"),
    (-5, "_other"),
    ("unavailable", "unavailable"),
]


@pytest.mark.parametrize(("outcome", "label"), OUTCOMES)
def test_outcomes(outcome: int | str, label: str) -> None:
    """Statuses that are named have a value of their own, all others one for each class."""
    assert outcome_label(outcome, {200, 401}) == label
