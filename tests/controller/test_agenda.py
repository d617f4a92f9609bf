"""When keys are due."""

import asyncio
from functools import partial

import pytest

from slimgate.controller.agenda import Agenda
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    """Make time that passes only when told to."""
    return Clock()


def test_keys_come_when_they_are_due(clock: Clock) -> None:
    """In the order of their times, and once."""
    agenda: Agenda[str] = Agenda(clock)
    for key, seconds in (("late", 30), ("first", 10), ("second", 20)):
        agenda.put(key, seconds)
    found = []
    for _ in range(4):
        clock.now += 10
        found.append(agenda.take())

    assert found == [["first"], ["second"], ["late"], []]


def test_the_last_word_counts(clock: Clock) -> None:
    """A key that is put off, brought forward or dropped is not due as it was."""
    agenda: Agenda[str] = Agenda(clock)
    for key, before, after in (("off", 10, 30), ("forward", 30, 10), ("same", 10, 10)):
        agenda.put(key, before)
        agenda.put(key, after)
    agenda.put("gone", 10)
    agenda.drop("gone")
    agenda.drop("never")

    clock.now += 10
    assert agenda.take() == ["forward", "same"]
    clock.now += 20
    assert agenda.take() == ["off"]


async def test_waiting_ends_when_something_is_due(clock: Clock) -> None:
    """At once for what is due already, and anew for what comes in between."""
    agenda: Agenda[str] = Agenda(clock)
    waiting = asyncio.create_task(agenda.wait())
    await asyncio.sleep(0)
    assert not waiting.done()

    agenda.put("a", 1000)
    await waiting
    agenda.put("b", 0)
    await agenda.wait()

    assert agenda.take() == ["b"]


async def test_waiting_is_for_the_first_that_is_due() -> None:
    """By the loop's own time."""
    loop = asyncio.get_running_loop()
    agenda: Agenda[str] = Agenda(loop.time)
    agenda.put("late", 60)
    agenda.put("soon", 0.02)
    started = loop.time()

    while not (due := agenda.take()):
        await agenda.wait()

    assert (due, 0.02 <= loop.time() - started < 1) == (["soon"], True)


def test_what_is_put_off_time_and_again_takes_no_room(clock: Clock) -> None:
    """Old times of keys are forgotten, not gathered until they come."""
    agenda: Agenda[int] = Agenda(clock)
    for number in range(100_000):
        agenda.put(number % 10, 300)

    assert len(agenda._heap) < 100
    clock.now += 301
    assert sorted(agenda.take()) == list(range(10))


def test_keys_that_cannot_be_compared(clock: Clock) -> None:
    """Keys that are due at the same moment come in the order that they were put in."""
    agenda: Agenda[object] = Agenda(clock)
    keys = [partial(int), object(), 3]
    for key in keys:
        agenda.put(key, 1)
    clock.now += 2

    assert agenda.take() == keys
