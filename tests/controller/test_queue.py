"""Keys waiting for a worker."""

import asyncio

from slimgate.controller.queue import WorkQueue


async def test_each_key_once_in_order() -> None:
    """However often it is put."""
    queue: WorkQueue[str] = WorkQueue()
    for key in "abacab":
        queue.put(key)

    assert len(queue) == 3
    assert [await queue.take() for _ in range(3)] == ["a", "b", "c"]


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

    queue.done(key)

    assert await other == "a"
    queue.done("a")
    assert len(queue) == 0


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
