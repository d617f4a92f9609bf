"""Asking for admissions all the time while something happens, at half of what is answered."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.chart.helm import ROOT
from tests.release.counting import Counted, Heard

RATE: Final = 30.0
"""Requests per second where what the API server takes is not measured first."""
_CALLERS: Final = 16
_CLOSED_SECONDS: Final = 10.0
_WARM_SECONDS: Final = 3.0
_END_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What is answered when all ask as often as they can, per second, and the client's share."""

    rate: float
    p99: float
    processor: float

    @property
    def half(self) -> float:
        """Half of it, as a round figure."""
        return float(round(self.rate / 2))

    def __str__(self) -> str:
        return (
            f"{_CALLERS} callers at once: {self.rate:.0f} requests a second answered, 99 of 100 "
            f"within {self.p99 * 1000:.0f} ms; the client itself took {self.processor:.0%} of a "
            f"processor"
        )


def taken() -> Taken:
    """Measure what the API server and the webhook take together; no answer may be wrong."""
    _closed(_WARM_SECONDS)
    counted = _closed(_CLOSED_SECONDS)
    assert not counted.faults, counted.said
    return Taken(
        rate=counted.requests / counted.heard.seconds,
        p99=counted.within(0.99),
        processor=counted.heard.processor / counted.heard.seconds,
    )


@contextmanager
def under_load(rate: float = RATE, settle: float = 2.0) -> Iterator[Counted]:
    """Ask while something happens, and some time before and after; the count is filled in then."""
    counted = Counted(rate=rate)
    with _client(counted, "--rate", str(rate)):
        time.sleep(settle)
        yield counted
        time.sleep(settle)


def _closed(seconds: float) -> Counted:
    counted = Counted(rate=0.0)
    with _client(counted, "--callers", str(_CALLERS)):
        time.sleep(seconds)
    return counted


@contextmanager
def _client(counted: Counted, *argv: str) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.release.client", *argv],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        try:
            assert client.stdout is not None
            assert client.stdout.readline() == "ready\n"
            yield
            told, _ = client.communicate(timeout=_END_SECONDS)
        finally:
            client.kill()
    assert client.returncode == 0
    counted.heard = Heard.of(told)
