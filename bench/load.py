"""Sends requests from so many workers, each its next one as soon as it has an answer."""

import asyncio
import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp

_MAX_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A body, and whether it should be allowed."""

    body: bytes
    allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where requests go. `reviews` tells an admission webhook from an API server."""

    url: str
    context: ssl.SSLContext
    reviews: bool = True


@dataclass(slots=True)
class Run:
    """What was measured; latencies in seconds."""

    concurrency: int
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    wrong: int = 0
    failed: int = 0
    warned: int = 0

    @property
    def count(self) -> int:
        """How many answers came."""
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.count / self.seconds

    def percentile(self, percent: float) -> float:
        """Find a percentile of the latencies, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000


async def send(target: Target, requests: Sequence[Request], concurrency: int) -> Run:
    """Send all requests over as many kept connections as there are workers."""
    run = Run(concurrency)
    connector = aiohttp.TCPConnector(ssl=target.context, limit=concurrency, keepalive_timeout=60)
    timeout = aiohttp.ClientTimeout(total=_MAX_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        left = iter(requests)
        started = time.perf_counter()
        stop = started + _MAX_SECONDS
        workers = (_work(session, target, left, run, stop) for _ in range(concurrency))
        await asyncio.gather(*workers)
        run.seconds = time.perf_counter() - started
    return run


async def _work(
    session: aiohttp.ClientSession, target: Target, left: Iterator[Request], run: Run, stop: float
) -> None:
    headers = {"Content-Type": "application/json"}
    for request in left:
        started = time.perf_counter()
        if started > stop:
            return
        try:
            async with session.post(target.url, data=request.body, headers=headers) as response:
                body, status = await response.read(), response.status
        except (aiohttp.ClientError, TimeoutError):
            run.failed += 1
            continue
        run.latencies.append(time.perf_counter() - started)
        if target.reviews:
            _count(run, json.loads(body)["response"], request)
        else:
            run.wrong += (status == 201) is not request.allowed  # noqa: PLR2004 - Created


def _count(run: Run, response: Mapping[str, object], request: Request) -> None:
    run.wrong += response["allowed"] is not request.allowed
    run.warned += "warnings" in response
