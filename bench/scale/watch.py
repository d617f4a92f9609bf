"""The controller's process while it works: what it costs, and for how long it answers nobody."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from bench.processes import BenchError, cpu_seconds, memory_mb
from bench.scale.objects import POLICY
from tests.live.programs import Program

_TURN: Final = "slimgate_event_loop_longest_turn_seconds"
_READ_SECONDS: Final = 30.0
"""Between readings of metrics while nobody waits for one, as Prometheus has it."""
_PAUSE: Final = 0.05
_ANSWER_SECONDS: Final = 120.0
_PATIENCE: Final = 1800.0


@dataclass(slots=True, kw_only=True)
class Watch:
    """What was seen of one process; `silent` is the longest that /livez took, in seconds."""

    program: Program
    started: float
    silent: float = 0.0
    held: float = 0.0
    """The longest turn of its event loop in seconds, by its own metric."""
    probing: bool = True

    def cpu(self) -> float:
        """CPU seconds so far."""
        return cpu_seconds(self.program.pid)

    def memory(self) -> float:
        """Its resident memory in MB."""
        return memory_mb(self.program.pid, "VmRSS")

    def peak(self) -> float:
        """Its resident memory at most, in MB."""
        return memory_mb(self.program.pid, "VmHWM")

    async def judged(self, workloads: int, *, pause: float) -> float:
        """Wait until so many workloads are judged; return the seconds since its start."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            page = await self.page()
            if page.workloads >= workloads and not page.queued:
                return time.monotonic() - self.started
            if time.monotonic() > deadline or not self.program.runs():
                raise BenchError(f"{page.workloads:.0f} judged\n{self.program.tail()}")
            await asyncio.sleep(pause)

    async def alive(self) -> None:
        """BenchError if it has ended."""
        if not self.program.runs():
            raise BenchError(f"the controller has ended:\n{self.program.tail()}")

    async def page(self) -> "Page":
        """Read its metrics, as far as they are of interest here."""
        try:
            page = _page(await asyncio.to_thread(self.program.page))
        except OSError:
            await self.alive()
            return Page(0.0, 0.0, 0.0)
        self.held = max(self.held, page.held)
        return page

    async def read(self) -> None:
        """Read its metrics now and then, until cancelled."""
        while True:
            await asyncio.sleep(_READ_SECONDS)
            await self.page()

    async def probe(self) -> None:
        """Ask /livez again and again, until cancelled."""
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                began = time.monotonic()
                try:
                    async with session.get(f"{self.program.health}/livez"):
                        pass
                except (aiohttp.ClientError, TimeoutError):
                    began = time.monotonic()  # it does not listen yet
                if self.probing:
                    self.silent = max(self.silent, time.monotonic() - began)
                await asyncio.sleep(_PAUSE if self.probing else 1.0)


@dataclass(frozen=True, slots=True)
class Page:
    """Workloads judged, how many wait, and the longest turn of the loop in the last minute."""

    workloads: float
    queued: float
    held: float


@asynccontextmanager
async def watching(program: Program) -> AsyncIterator[Watch]:
    """Watch a process that was just started, and end it."""
    watch = Watch(program=program, started=time.monotonic())
    tasks = [asyncio.create_task(one) for one in (watch.probe(), watch.read())]
    try:
        yield watch
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.to_thread(program.stop)


def _page(text: str) -> Page:
    workloads = queued = held = 0.0
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "slimgate_workloads" and sample.labels["policy"] == POLICY:
                workloads += sample.value
            elif sample.name == "slimgate_queue_workloads":
                queued += sample.value
            elif sample.name == _TURN:
                held = sample.value
    return Page(workloads, queued, held)
