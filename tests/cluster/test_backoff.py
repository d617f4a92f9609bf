"""How long is waited between tries."""

import pytest

from slimgate.cluster.backoff import Contest, Pace

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


def test_contest() -> None:
    """Two writes in a row are as good as one; from then on it rests longer, until nothing is to do.

    What is written is seen once more, when nothing has to be written.
    """
    contest = Contest(pace=Pace(first=0.2, cap=5.0, jitter=lambda: 0.0))

    rests = [contest.rest(wrote=wrote) for wrote in (False, *[True] * 8, False, True)]

    assert rests == [0.2, 0.2, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 0.2, 0.2]
