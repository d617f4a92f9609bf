"""How long is waited between tries."""

import pytest

from slimgate.cluster.backoff import Pace

PACES = [
    (1, 0.0, 0.5),
    (2, 0.0, 1.0),
    (3, 0.0, 2.0),
    (3, 1.0, 1.0),
    (7, 0.0, 30.0),
    (10_000, 0.0, 30.0),
]


@pytest.mark.parametrize(("failures", "jitter", "expected"), PACES)
def test_pace(failures: int, jitter: float, expected: float) -> None:
    """Waiting doubles up to a cap, and jitter takes away up to half."""
    assert Pace(jitter=lambda: jitter).delay(failures) == expected
