"""Whose bytes are read next, where many have some, and what handshakes take of the loop."""

import asyncio
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest

from slimgate.process.reading import ReadingTurns


class Work:
    """Steps that are noted when they are done, each of which takes as long as it says."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.spent = 0.0

    def step(self, name: str, seconds: float = 0.0) -> Callable[[], None]:
        """Make one."""
        return partial(self._do, name, seconds)

    def _do(self, name: str, seconds: float) -> None:
        self.done.append(name)
        self.spent += seconds


async def rounds(count: int) -> None:
    """Have the loop go round so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


def full() -> ReadingTurns:
    """Make turns that have no more for this round."""
    turns = ReadingTurns()
    assert all(turns.do("x", number, Work().step("x")) for number in range(2))
    return turns


async def test_at_once() -> None:
    """Where nobody waits two steps are done at once, and the next in the same round is not."""
    work, turns = Work(), full()
    assert not turns.do("x", 1, work.step("waits"))
    await rounds(2)

    assert work.done == ["waits"]
    assert turns.do("x", 1, work.step("at once"))


@pytest.mark.parametrize(
    ("seconds", "others", "share", "at_once"),
    [(0.9, "x", 1.0, 2), (1.1, "x", 1.0, 8), (1.1, "y", 1.0, 2), (1.1, "x", 0.5, 2)],
)
async def test_alone(
    monkeypatch: pytest.MonkeyPatch, seconds: float, others: str, share: float, at_once: int
) -> None:
    """Where nobody else has had a step for a second more are done; not of handshakes."""
    work, turns, loop = Work(), ReadingTurns(share=share), asyncio.get_running_loop()
    turns.do("x", 0, work.step("before"))
    later = loop.time() + seconds
    monkeypatch.setattr(loop, "time", lambda: later)
    await rounds(1)
    turns.do(others, 0, work.step("others"))
    await rounds(1)

    assert sum(turns.do("x", number, work.step("x")) for number in range(20)) == at_once
    turns.do("y", 0, work.step("y"))
    await rounds(3)
    assert work.done.index("y") <= 2 + at_once + 1


async def test_a_crowd_waits_for_itself() -> None:
    """Whoever comes behind 200 steps of another address waits for one of these."""
    work, turns = Work(), ReadingTurns()
    for number in range(200):
        turns.do("crowd", number, work.step("crowd"))
    turns.do("honest", 0, work.step("honest"))
    await rounds(20)

    assert work.done.index("honest") <= 3


async def test_others_of_the_loop_have_their_turn() -> None:
    """No more than two steps are done before all else that is ready."""
    work, turns = Work(), ReadingTurns()
    for number in range(100):
        turns.do("crowd", number, work.step("crowd"))
    counts = []
    for _ in range(100):
        counts.append(len(work.done))
        await asyncio.sleep(0)

    assert counts[-1] == 100
    assert max(after - before for before, after in pairwise(counts)) <= 2


async def test_begun_before_new_and_the_newest_first() -> None:
    """What has begun is ended in its order, and of what is new the last to come is first."""
    work, turns = Work(), full()
    for key, new in ((1, True), (2, True), (3, False), (4, False)):
        turns.do("a", key, work.step(str(key)), new=new)
    await rounds(5)

    assert work.done == ["3", "4", "2", "1"]


async def test_forgotten() -> None:
    """What is given up is done no more, and leaves nothing behind."""
    work, turns = Work(), full()
    for new in (True, False):
        turns.do("a", 1, work.step("given up"), new=new)
        turns.forget("a", 1)
        turns.forget("a", 1)
    turns.do("a", 2, work.step("kept"))
    await rounds(5)

    assert work.done == ["kept"]


def failing() -> None:
    """Fail."""
    raise ValueError


async def test_a_step_that_fails() -> None:
    """Others have their turn all the same."""
    loop, failures = asyncio.get_running_loop(), list[object]()
    loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))
    work, turns = Work(), full()
    turns.do("a", 1, failing)
    turns.do("a", 2, work.step("another"))
    await rounds(5)

    assert work.done == ["another"]
    assert [type(one) for one in failures] == [ValueError]


@pytest.mark.parametrize(("share", "done"), [(0.2, 60), (0.5, 120)])
async def test_their_share(share: float, done: int) -> None:
    """Of steps of 5 ms as many are done in a second as their share allows, and a burst of 0.1 s."""
    work, loop = Work(), asyncio.get_running_loop()
    began = loop.time()
    turns = ReadingTurns(share=share, spent=lambda: work.spent)
    clock = began
    loop.time = lambda: clock  # type: ignore[method-assign]
    try:
        for number in range(400):
            turns.do("a", number, work.step("a", 0.005))
        for _ in range(1_000):
            clock += 0.001
            await asyncio.sleep(0)
    finally:
        del loop.time

    assert abs(len(work.done) - done) <= 3


async def test_in_a_hurry() -> None:
    """At the end what waits has all the time that it takes, and what is left is done at once."""
    work = Work()
    turns = ReadingTurns(share=0.01, spent=lambda: work.spent)
    for number in range(6):
        turns.do("a", number, work.step(str(number), 0.2))
    await rounds(3)
    assert work.done == ["0"]

    turns.hurry()
    await rounds(1)
    turns.finish()
    assert sorted(work.done) == ["0", "1", "2", "3", "4", "5"]


async def test_closed() -> None:
    """After its end nothing is done that waited."""
    work, turns = Work(), full()
    turns.do("a", 2, work.step("waits"))
    turns.close()
    await rounds(5)

    assert not work.done
