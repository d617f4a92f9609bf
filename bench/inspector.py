"""A process that inspects images, or only fetches them. Run as `python -m bench.inspector`.

The first line of its input is an order in JSON; every line after it goes through all images once
more, "later" after a time in which every tag fell due. Each is answered by a line of JSON: seconds,
CPU seconds, peak memory.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import aiohttp

from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.images.facts import Wants
from slimgate.core.images.oci import ACCEPTED
from slimgate.core.images.reference import Reference
from slimgate.engine.inspector import Inspector, Question
from slimgate.registry.client import RegistryClient
from slimgate.registry.settings import RegistrySettings
from slimgate.settings import Exemption

LATER: Final = 3600.0
"""Seconds after which every tag is due again."""


class Clock:
    """A clock that can be put forward, so that nobody waits for a tag to fall due."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return time.monotonic() + self._ahead

    def pass_time(self) -> None:
        """Let a tag's life go by."""
        self._ahead += LATER


async def each(
    references: Sequence[str], concurrency: int, work: Callable[[str], Awaitable[object]]
) -> None:
    """Do the work for each reference, so many at the same time."""
    left = iter(references)

    async def worker() -> None:
        for reference in left:
            await work(reference)

    await asyncio.gather(*(worker() for _ in range(concurrency)))


async def inspect(order: dict[str, object]) -> None:
    """Answer orders with the real inspector and registry client, until there are no more."""
    references, concurrency, agent = _order(order)
    registry = Reference.parse(references[0]).registry
    settings = RegistrySettings(
        exemptions={registry: Exemption(plain_http=True, loopback=True)}, user_agent=agent
    )
    wants = Wants(config=True, layers=order["wants"] == "layers")
    clock = Clock()
    async with RegistryClient(settings) as client:
        inspector = Inspector(client, clock=clock)

        async def one(text: str) -> None:
            await inspector.inspect(Question(Reference.parse(text), ANONYMOUS, (), wants, text))

        _tell(0.0, 0.0)
        for line in sys.stdin:
            if line.strip() == "later":
                clock.pass_time()
            await _timed(lambda: each(references, concurrency, one))
        await inspector.close()


async def fetch(order: dict[str, object]) -> None:
    """Fetch the same documents with nothing but a HTTP client, to know what that takes."""
    references, concurrency, agent = _order(order)
    layers = order["wants"] == "layers"
    headers = {"User-Agent": agent, "Accept": ", ".join(ACCEPTED)}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def one(text: str) -> None:
            reference = Reference.parse(text)
            base = f"http://{reference.registry}/v2/{reference.repository}"
            manifest = json.loads(await _get(session, f"{base}/manifests/{reference.tag}"))
            json.loads(await _get(session, f"{base}/blobs/{manifest['config']['digest']}"))
            if layers:
                blobs = (f"{base}/blobs/{layer['digest']}" for layer in manifest["layers"])
                await asyncio.gather(*(_get(session, blob) for blob in blobs))

        _tell(0.0, 0.0)
        for _ in sys.stdin:
            await _timed(lambda: each(references, concurrency, one))


async def _get(session: aiohttp.ClientSession, url: str) -> bytes:
    async with session.get(url) as answer:
        answer.raise_for_status()
        return await answer.read()


async def _timed(run: Callable[[], Awaitable[None]]) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    await run()
    _tell(time.perf_counter() - started, time.process_time() - cpu)


def _tell(seconds: float, cpu: float) -> None:
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": _peak_mb()}), flush=True)


def _peak_mb() -> float:
    # getrusage's figure starts with the memory of the process that this one was forked from.
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _order(order: dict[str, object]) -> tuple[list[str], int, str]:
    references, concurrency, agent = order["references"], order["concurrency"], order["agent"]
    assert isinstance(references, list)
    assert isinstance(concurrency, int)
    return references, concurrency, str(agent)


def main() -> None:
    """Read the order, and carry it out."""
    order = json.loads(sys.stdin.readline())
    asyncio.run(fetch(order) if order["role"] == "floor" else inspect(order))


if __name__ == "__main__":
    main()
