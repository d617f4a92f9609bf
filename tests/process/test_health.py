"""The health port's pages, whoever asks for them however often."""

import asyncio
import time

from aiohttp.test_utils import make_mocked_request

from slimgate.process.health import Health


async def test_a_page_that_takes_long() -> None:
    """It takes a tenth of the loop's time at most, and is never older than ten times as long."""
    made = list[int]()

    def metrics() -> bytes:
        time.sleep(0.1)
        made.append(1)
        return b"up %d\n" % len(made)

    health = Health(metrics)
    pages = [await health(make_mocked_request("GET", "/metrics")) for _ in range(5)]
    at_first = len(made)
    await asyncio.sleep(1.0)
    later = await health(make_mocked_request("GET", "/metrics"))

    assert ({page.body for page in pages}, at_first) == ({b"up 1\n"}, 1)
    assert later.body == b"up 2\n"
