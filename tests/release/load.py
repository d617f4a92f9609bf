"""A client that asks for admissions all the time, and counts what is not as it should be."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from tests.lab.state import Lab
from tests.release.asking import Answer, Asker, fat, slim

RATE: Final = 30.0
"""Requests per second: a guess at half of what two processors take that start pods besides."""
_WORKERS: Final = 6
_MAX_SECONDS: Final = 120.0
LATE_SECONDS: Final = 1.0


@dataclass(slots=True)
class Counted:
    """What became of all requests of a time; the slowest in seconds."""

    requests: int = 0
    lost: int = 0
    late: int = 0
    wrong: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)

    @property
    def slowest(self) -> float:
        """The longest time until an answer."""
        return max(self.latencies, default=0.0)

    @property
    def p99(self) -> float:
        """The time within which 99 of 100 were answered."""
        ordered = sorted(self.latencies)
        return ordered[int(len(ordered) * 0.99)] if ordered else 0.0

    @property
    def faults(self) -> int:
        """Those that had no answer or a wrong one."""
        return self.lost + self.wrong


class Load:
    """Workers that ask in turns, each on a connection of its own, fat and slim alternately."""

    def __init__(self, lab: Lab, rate: float = RATE) -> None:
        self._lab = lab
        self._rate = rate
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.counted = Counted()
        self._threads = [threading.Thread(target=self._work, args=[n]) for n in range(_WORKERS)]
        self._began = 0.0

    def start(self) -> None:
        """Begin, for a bounded time."""
        self._began = time.monotonic()
        for one in self._threads:
            one.start()

    def end(self) -> None:
        """Wait for the last answers."""
        self.counted.seconds = time.monotonic() - self._began
        self._stop.set()
        for one in self._threads:
            one.join()

    def _work(self, number: int) -> None:
        asker = Asker(self._lab)
        due = self._began + number / self._rate
        while due < self._began + _MAX_SECONDS:
            if self._stop.wait(max(0.0, due - time.monotonic())):
                break
            self._ask(asker, is_fat=number % 2 == 0)
            # Who was held up does not make up for it.
            due = max(due + _WORKERS / self._rate, time.monotonic())
        asker.close()

    def _ask(self, asker: Asker, *, is_fat: bool) -> None:
        expected = Answer.REFUSED if is_fat else Answer.ADMITTED
        began = time.monotonic()
        answer = asker.ask(fat(self._lab) if is_fat else slim(self._lab))
        lasted = time.monotonic() - began
        counted = self.counted
        with self._lock:
            counted.requests += 1
            counted.latencies.append(lasted)
            counted.late += lasted > LATE_SECONDS
            counted.lost += answer is Answer.LOST
            if answer not in {expected, Answer.LOST}:
                counted.wrong += 1
                counted.said[f"{'fat' if is_fat else 'slim'} {answer.value}: {asker.said}"] += 1
            elif answer is Answer.LOST:
                counted.said[asker.said] += 1


@contextmanager
def under_load(lab: Lab, rate: float = RATE, settle: float = 2.0) -> Iterator[Counted]:
    """Ask while something happens, and some time before and after; the count is filled in then."""
    load = Load(lab, rate)
    load.start()
    try:
        time.sleep(settle)
        yield load.counted
        time.sleep(settle)
    finally:
        load.end()
