"""The health port's pages, whoever asks for them however often."""

import asyncio
import time

from aiohttp.test_utils import make_mocked_request

from slimgate.process.health import Health


async def test_a_page_that_takes_long() -> None:
    """It takes a tenth of the loop's time at most, and never tells of what was before."""
    made = list[float]()

    def metrics() -> bytes:
        time.sleep(0.05)
        made.append(time.monotonic())
        return b"up %d\n" % len(made)

    health = Health(metrics)

    async def ask() -> object:
        return (await health(make_mocked_request("GET", "/metrics"))).body

    first = await ask()
    together = await asyncio.gather(*(ask() for _ in range(5)))

    assert (first, set(together)) == (b"up 1\n", {b"up 2\n"})
    assert made[1] - made[0] > 9 * 0.05


async def test_whoever_asks_may_go() -> None:
    """Others who wait for the same page get it."""
    health = Health(lambda: b"up 1\n")
    tasks = [asyncio.create_task(health(make_mocked_request("GET", "/metrics"))) for _ in range(2)]
    await asyncio.sleep(0)
    tasks[0].cancel()

    assert (await tasks[1]).body == b"up 1\n"
    assert tasks[0].cancelled()
