"""CpuTurns at CPU time: who has had least is next, and who has had too much waits."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from slimgate.engine.cpu_turns import CpuTurns, Share
from slimgate.engine.fair import NOBODY, SPARE
from tests.support.clock import Clock

WORK = 0.03
"""More than one slice."""


@dataclass
class Record:
    """Writes down what an observer is told."""

    spent: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def worked(self, seconds: float) -> None:
        """Write down CPU time."""
        self.spent.append(seconds)

    def put_off(self, seconds: float) -> None:
        """Write down a delay."""
        self.waits.append(seconds)


def burn(seconds: float = WORK) -> None:
    """Take CPU time."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def steps(name: str, count: int, order: list[str], seconds: float = WORK) -> Iterator[None]:
    """Take time so often, and write down in which order."""
    for _ in range(count):
        burn(seconds)
        order.append(name)
        yield


@pytest.mark.parametrize("asker", ["many", "many/ns-{}"])
async def test_who_has_had_least_is_next(asker: str) -> None:
    """One layer of somebody else's needs not wait for all that were there before it."""
    turns, order = CpuTurns("tests", 1), list[str]()
    many = [
        asyncio.create_task(turns.run(asker.format(n), steps("many", 3, order))) for n in range(4)
    ]
    await asyncio.sleep(2 * WORK)
    await turns.run("one", steps("one", 2, order))
    done = [task.done() for task in many]
    await asyncio.gather(*many)
    turns.close()

    assert not any(done)
    assert order.index("one") < 6
    assert sorted(order) == ["many"] * 12 + ["one"] * 2


@pytest.mark.parametrize(("asker", "at_once"), [("a", 1), (NOBODY, 2)])
async def test_threads_of_one_asker(asker: str, at_once: int) -> None:
    """A namespace has one thread at a time; where there is one user only, that one has all."""
    turns, running, most = CpuTurns("tests", 2), set[int](), list[int]()

    def work(number: int) -> None:
        running.add(number)
        time.sleep(WORK)
        most.append(len(running))
        running.remove(number)

    await asyncio.gather(*(turns.call(asker, work, number) for number in range(6)))
    turns.close()

    assert max(most) == at_once


async def test_who_has_had_its_share() -> None:
    """From then on it gets its part of a processor, which costs nobody else anything."""
    record, clock = Record(), Clock()
    share = Share(seconds=2.5 * WORK, part=0.2)
    turns = CpuTurns("tests", 1, share=share, observer=record, clock=clock)
    for _ in range(3):
        await turns.call("a", burn)
    assert record.waits == []
    assert sum(record.spent) > share.seconds
    waiting = asyncio.create_task(turns.call("a", burn))
    await turns.call("b", burn)
    await turns.call(NOBODY, burn)
    assert not waiting.done()
    assert record.waits == [pytest.approx((sum(record.spent[:3]) - share.seconds) / 0.2)]
    clock.now += record.waits[0] + 0.01
    async with asyncio.timeout(10):
        await waiting
    turns.close()

    assert len(record.spent) == 6


async def test_what_is_spare() -> None:
    """Nobody waits for it, so it comes last, and slowly, however little it has had."""
    turns, order = CpuTurns("tests", 1, share=Share(part=0.5)), list[str]()
    first = asyncio.create_task(turns.run("a", steps("a", 2, order)))
    spare = asyncio.create_task(turns.run(SPARE, steps(SPARE, 2, order)))
    others = [asyncio.create_task(turns.run(one, steps(one, 1, order))) for one in "bc"]
    await asyncio.gather(first, spare, *others)
    turns.close()

    assert order[-2:] == [SPARE, SPARE]


async def test_a_thread_that_rests() -> None:
    """What can't be interrupted leaves the other Python code as much time as it took."""
    turns, since = CpuTurns("tests", 1, rest=2.0), time.monotonic()
    for _ in range(3):
        await turns.call("a", burn)
    took = time.monotonic() - since
    turns.close()

    assert took >= 3 * WORK + 2 * 2 * WORK


async def test_what_steps_give() -> None:
    """A step that gives something ends the turn, and the rest is there to go on with."""
    turns, numbers = CpuTurns("tests", 1), iter([None, 1, None, None, 2, None])
    given = [await turns.run("a", numbers) for _ in range(4)]
    turns.close()

    assert given == [1, 2, None, None]


async def test_what_fails() -> None:
    """An error is the caller's, and what it took counts."""
    record = Record()
    turns = CpuTurns("tests", 1, observer=record)

    def fail() -> None:
        burn()
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        await turns.call("a", fail)
    await turns.call("a", burn)
    turns.close()

    assert min(record.spent) >= WORK


async def test_who_is_cancelled_keeps_nothing() -> None:
    """Neither while waiting, nor just as it is served, nor at work."""
    turns = CpuTurns("tests", 1)
    tasks = [asyncio.create_task(turns.call("a", burn)) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await tasks[0]
    tasks[2].cancel()
    working = asyncio.create_task(turns.call("b", burn))
    await asyncio.sleep(WORK / 2)
    working.cancel()
    await asyncio.gather(*tasks, working, return_exceptions=True)
    async with asyncio.timeout(10):
        await turns.call("a", burn)
    turns.close()
