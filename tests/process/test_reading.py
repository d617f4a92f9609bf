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


async def test_alone() -> None:
    """Where nobody waits, a step is done at once, and the next one in the same round is not."""
    work, turns = Work(), ReadingTurns()
    assert turns.do("a", 1, work.step("first"))
    assert not turns.do("a", 2, work.step("second"))
    await rounds(2)

    assert work.done == ["first", "second"]
    assert turns.do("a", 1, work.step("third"))


async def test_a_crowd_waits_for_itself() -> None:
    """Whoever comes behind 200 steps of another address waits for one of these."""
    work, turns = Work(), ReadingTurns()
    for number in range(200):
        turns.do("crowd", number, work.step("crowd"))
    turns.do("honest", 0, work.step("honest"))
    await rounds(20)

    assert work.done.index("honest") <= 2


async def test_others_of_the_loop_have_their_turn() -> None:
    """No more than three steps are done before all else that is ready."""
    work, turns = Work(), ReadingTurns()
    for number in range(100):
        turns.do("crowd", number, work.step("crowd"))
    counts = []
    for _ in range(100):
        counts.append(len(work.done))
        await asyncio.sleep(0)

    assert counts[-1] == 100
    assert max(after - before for before, after in pairwise(counts)) <= 3


async def test_begun_before_new_and_the_newest_first() -> None:
    """What has begun is ended in its order, and of what is new the last to come is first."""
    work, turns = Work(), ReadingTurns()
    turns.do("x", 0, work.step("none"))
    for key, new in ((1, True), (2, True), (3, False), (4, False)):
        turns.do("a", key, work.step(str(key)), new=new)
    await rounds(5)

    assert work.done == ["none", "3", "4", "2", "1"]


async def test_forgotten() -> None:
    """What is given up is done no more, and leaves nothing behind."""
    work, turns = Work(), ReadingTurns()
    turns.do("x", 0, work.step("none"))
    for new in (True, False):
        turns.do("a", 1, work.step("given up"), new=new)
        turns.forget("a", 1)
        turns.forget("a", 1)
    turns.do("a", 2, work.step("kept"))
    await rounds(5)

    assert work.done == ["none", "kept"]


def failing() -> None:
    """Fail."""
    raise ValueError


async def test_a_step_that_fails() -> None:
    """Others have their turn all the same."""
    loop, failures = asyncio.get_running_loop(), list[object]()
    loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))
    work, turns = Work(), ReadingTurns()
    turns.do("x", 0, work.step("none"))
    turns.do("a", 1, failing)
    turns.do("a", 2, work.step("another"))
    await rounds(5)

    assert work.done == ["none", "another"]
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
    work, turns = Work(), ReadingTurns()
    turns.do("a", 1, work.step("done"))
    turns.do("a", 2, work.step("waits"))
    turns.close()
    await rounds(5)

    assert work.done == ["done"]
