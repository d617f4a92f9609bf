"""Keys waiting for a worker."""

import asyncio

from slimgate.controller.queue import WorkQueue
from tests.support.clock import Clock


async def test_each_key_once_in_order() -> None:
    """However often it is put."""
    queue: WorkQueue[str] = WorkQueue()
    for key in "abacab":
        queue.put(key)

    assert (queue.waiting, queue.active) == (3, 0)
    assert [await queue.take() for _ in range(3)] == ["a", "b", "c"]


async def test_news_come_first() -> None:
    """What is only looked at again makes way, but for one in four, and so it all gets its turn."""
    queue: WorkQueue[str] = WorkQueue()
    for key in "abcd":
        queue.put(key, again=True)
    for key in "01234567":
        queue.put(key)
    queue.put("d")
    queue.put("0", again=True)

    assert queue.waiting == 12
    assert [await queue.take() for _ in range(12)] == list("012a345b67dc")


async def test_a_worker_for_news_only() -> None:
    """It takes nothing else, and hears of them at once, when one is worked on, too."""
    queue: WorkQueue[str] = WorkQueue()
    queue.put("a", again=True)
    queue.put("b", again=True)
    waiting = asyncio.create_task(queue.take(only_news=True))
    busy = await queue.take()
    queue.put(busy, again=True)
    queue.put(busy)
    queue.put(busy, again=True)
    await asyncio.sleep(0)
    assert not waiting.done()

    queue.done(busy)

    assert await waiting == "a"
    queue.put("a", again=True)
    queue.done("a")
    assert [await queue.take(), await queue.take()] == ["b", "a"]


async def test_no_key_with_two_workers() -> None:
    """A key that comes while it is worked on waits for the end of that, once."""
    queue: WorkQueue[str] = WorkQueue()
    queue.put("a")
    key = await queue.take()
    queue.put("a")
    queue.put("a")
    other = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not other.done()
    assert (queue.waiting, queue.active) == (0, 1)

    queue.done(key)

    assert await other == "a"
    queue.done("a")
    assert (queue.waiting, queue.active) == (0, 0)


async def test_how_long_each_key_waited() -> None:
    """From when it was first put; while it is worked on it does not wait."""
    clock, waited = Clock(), list[float]()
    queue: WorkQueue[str] = WorkQueue(waited.append, clock)
    queue.put("a", again=True)
    clock.now += 1
    queue.put("a")
    clock.now += 2
    key = await queue.take()
    queue.put("a")
    clock.now += 4
    queue.done(key)
    clock.now += 8
    await queue.take()

    assert waited == [3, 8]


async def test_every_worker_gets_something() -> None:
    """Those that wait are woken, and none takes what another has."""
    queue: WorkQueue[int] = WorkQueue()
    workers = [asyncio.create_task(queue.take()) for _ in range(5)]
    await asyncio.sleep(0)
    for number in range(5):
        queue.put(number)

    assert sorted(await asyncio.gather(*workers)) == list(range(5))


async def test_a_worker_that_is_cancelled_takes_nothing() -> None:
    """What comes later is for the others."""
    queue: WorkQueue[str] = WorkQueue()
    cancelled = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    cancelled.cancel()
    queue.put("a")
    await asyncio.wait([cancelled])

    assert await queue.take() == "a"
