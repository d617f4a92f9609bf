"""When keys are due."""

import asyncio
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.controller.schedule import Schedule
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    """Make time that passes only when told to."""
    return Clock()


def test_keys_come_when_they_are_due(clock: Clock) -> None:
    """In the order of their times, and once."""
    schedule: Schedule[str] = Schedule(clock)
    for key, seconds in (("late", 30), ("first", 10), ("second", 20)):
        schedule.put(key, seconds)
    found = []
    for _ in range(4):
        clock.now += 10
        found.append(schedule.take())

    assert found == [["first"], ["second"], ["late"], []]


def test_the_last_word_counts(clock: Clock) -> None:
    """A key that is put off, brought forward or dropped is not due as it was."""
    schedule: Schedule[str] = Schedule(clock)
    for key, before, after in (("off", 10, 30), ("forward", 30, 10), ("same", 10, 10)):
        schedule.put(key, before)
        schedule.put(key, after)
    schedule.put("gone", 10)
    schedule.drop("gone")
    schedule.drop("never")

    clock.now += 10
    assert schedule.take() == ["forward", "same"]
    clock.now += 20
    assert schedule.take() == ["off"]


async def test_waiting_ends_when_something_is_due(clock: Clock) -> None:
    """At once for what is due already, and anew for what comes in between."""
    schedule: Schedule[str] = Schedule(clock)
    waiting = asyncio.create_task(schedule.wait())
    await asyncio.sleep(0)
    assert not waiting.done()

    schedule.put("a", 1000)
    await waiting
    schedule.put("b", 0)
    await schedule.wait()

    assert schedule.take() == ["b"]


async def test_waiting_is_for_the_first_that_is_due() -> None:
    """By the loop's own time."""
    loop = asyncio.get_running_loop()
    schedule: Schedule[str] = Schedule(loop.time)
    schedule.put("late", 60)
    schedule.put("soon", 0.02)
    started = loop.time()

    while not (due := schedule.take()):
        await schedule.wait()

    assert (due, 0.02 <= loop.time() - started < 1) == (["soon"], True)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 50)), min_size=85, max_size=200))
def test_what_is_put_off_time_and_again_takes_no_room(puts: list[tuple[int, int]]) -> None:
    """Old times of keys are forgotten, not gathered until they come; what is left comes in time."""
    clock = Clock()
    schedule: Schedule[int] = Schedule(clock)
    for key, seconds in puts:
        schedule.put(key, seconds)

    assert len(schedule) < 100
    last = dict(puts)
    for due in range(1, 51):
        clock.now += 1
        assert sorted(schedule.take()) == sorted(key for key in last if last[key] == due)


def test_keys_that_cannot_be_compared(clock: Clock) -> None:
    """Keys that are due at the same moment come in the order that they were put in."""
    schedule: Schedule[object] = Schedule(clock)
    keys = [partial(int), object(), 3]
    for key in keys:
        schedule.put(key, 1)
    clock.now += 2

    assert schedule.take() == keys
