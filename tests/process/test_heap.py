"""What collections of garbage go through."""

import subprocess
import sys

import pytest

from slimgate.process.heap import Heap

COLLECTIONS: list[tuple[list[tuple[int, float]], int]] = [
    ([(2, 0.5)], 1),
    ([(2, 0.5), (2, 0.5)], 2),
    ([(2, 0.5)] * 9, 3),
    ([(2, 0.01)] * 9, 0),
    ([(1, 0.5), (0, 0.5)], 0),
    ([(2, 0.01), (1, 0.5), (2, 0.5)], 1),
]


@pytest.mark.parametrize(("collections", "frozen"), COLLECTIONS)
def test_only_slow_full_ones_matter(collections: list[tuple[int, float]], frozen: int) -> None:
    """What outlives these is kept out of the next ones, a few times in all."""
    now, times = [0.0], [0]

    def freeze() -> None:
        times[0] += 1

    heap = Heap(freeze, slow_seconds=0.1, times=3, clock=lambda: now[0])
    for generation, seconds in collections:
        heap("start", {"generation": generation})
        now[0] += seconds
        heap("stop", {"generation": generation})

    assert times == [frozen]


WORK = """
import gc
from slimgate.process.heap import Heap
Heap(slow_seconds=0.0).watch()
kept = [[number] for number in range(1000)]
gc.collect()
print(gc.get_freeze_count() >= 1000, any(one is kept for one in gc.get_objects()))
"""


def test_what_outlives_one_is_gone_through_no_more() -> None:
    """Python's own collector hears of it."""
    said = subprocess.run(
        [sys.executable, "-c", WORK], check=True, capture_output=True, text=True, timeout=60
    )

    assert said.stdout.split() == ["True", "False"]
