"""What is measured: warm, cold, memory, and what a registry that hangs does to the others."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Final, TypeVar

from bench.hooks import Hook, Place
from bench.images import Image
from bench.load import Request, Run, send
from bench.reviews import review
from tests.registry.servers import Registry

AGENT: Final = f"slimgate/{version('slimgate')}"
HANG_SECONDS: Final = 2
_HANGING: Final = 32
_OTHERS: Final = 2_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Warm:
    """Admissions of images that are known, beside the null hook's answers to the same requests."""

    run: Run
    null: Run
    cpu: float
    """Seconds per 1,000."""
    null_cpu: float
    asked: float
    """Requests to the registry per admission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cold:
    """Admissions of images that a fresh process never saw."""

    run: Run
    cpu: float
    asked: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Resident memory in MB: idle, and each time after so many more admissions."""

    idle: float
    step: int
    after: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanging:
    """Admissions of images whose registry never answers, and others at the same time."""

    run: Run
    before: Run
    meanwhile: Run
    whole: bool
    """Whether the others were done before the first that hung was answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The images, their registry, and where webhooks run."""

    place: Place
    registry: Registry
    images: Sequence[Image]
    hanging_registry: str
    rounds: int

    def start(self) -> Hook:
        """Start a fresh webhook."""
        return self.place.start((self.registry.host, self.hanging_registry))

    def requests(self, count: int) -> list[Request]:
        """Make requests that go through the images again and again."""
        return [self._request(i, self.images[i % len(self.images)]) for i in range(count)]

    async def cold(self, concurrency: int) -> Cold:
        """Ask a fresh process for each image once; the median of some processes."""
        runs = [await self._cold(concurrency) for _ in range(self.rounds)]
        return _median(runs, lambda one: one.run.rate)

    async def warm(self, hook: Hook, null: Hook, concurrency: int, count: int) -> Warm:
        """Ask both hooks in turn; the median round of slimgate's."""
        rounds = [await self._warm(hook, null, concurrency, count) for _ in range(self.rounds)]
        return _median(rounds, lambda one: one.run.rate)

    async def memory(self, hook: Hook, step: int, steps: int) -> Memory:
        """Watch a fresh process's memory grow, or not."""
        idle = hook.program.memory_mb()
        after = []
        for _ in range(steps):
            await send(hook.target, self.requests(step), 8)
            after.append(hook.program.memory_mb())
        return Memory(idle=idle, step=step, after=tuple(after))

    async def hanging(self, hook: Hook) -> Hanging:
        """Ask for images that nobody will ever tell of, and for known ones before and meanwhile."""
        others = self.requests(_OTHERS)
        await send(hook.target, self.requests(len(self.images)), 1)
        before = await send(hook.target, others, 8)
        url, _, _ = hook.target.url.partition("?")
        slow = replace(hook.target, url=f"{url}?timeout={HANG_SECONDS}s")
        stuck = [
            self._request(i, Image(reference=f"{self.hanging_registry}/bench/{i}:v1", big=False))
            for i in range(_HANGING)
        ]
        hung = asyncio.create_task(send(slow, stuck, _HANGING))
        meanwhile = await send(hook.target, others, 8)
        whole = not hung.done()
        return Hanging(run=await hung, before=before, meanwhile=meanwhile, whole=whole)

    async def _cold(self, concurrency: int) -> Cold:
        hook = self.start()
        try:
            asked, cpu = self._asked(), hook.program.cpu_seconds()
            run = await send(hook.target, self.requests(len(self.images)), concurrency)
            spent = hook.program.cpu_seconds() - cpu
            return Cold(
                run=run,
                cpu=spent * 1000 / run.count,
                asked=(self._asked() - asked) / run.count,
            )
        finally:
            hook.program.stop()

    async def _warm(self, hook: Hook, null: Hook, concurrency: int, count: int) -> Warm:
        requests = self.requests(count)
        null_cpu = null.program.cpu_seconds()
        ceiling = await send(null.target, [_allowed(one) for one in requests], concurrency)
        null_cpu = null.program.cpu_seconds() - null_cpu
        asked, cpu = self._asked(), hook.program.cpu_seconds()
        run = await send(hook.target, requests, concurrency)
        cpu = hook.program.cpu_seconds() - cpu
        return Warm(
            run=run,
            null=ceiling,
            cpu=cpu * 1000 / run.count,
            null_cpu=null_cpu * 1000 / ceiling.count,
            asked=(self._asked() - asked) / run.count,
        )

    def _request(self, number: int, image: Image) -> Request:
        body = review(f"bench-{number:05d}", self.place.namespace, image.reference)
        return Request(body=body, allowed=not image.big)

    def _asked(self) -> int:
        return len(self.registry.requests(AGENT))


def _allowed(request: Request) -> Request:
    return replace(request, allowed=True)


def _median(runs: Sequence[T], rate: Callable[[T], float]) -> T:
    return sorted(runs, key=rate)[len(runs) // 2]
