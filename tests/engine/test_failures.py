"""Errors that are given again for a while."""

import gc
import weakref

import pytest

from slimgate.core.errors import NotFoundError, RateLimitedError
from slimgate.engine.failures import Failures
from tests.support.clock import Clock


class Held:
    """Something that a traceback may keep alive."""


def fail(held: Held) -> None:
    """Fail for a cause, with something at hand."""
    try:
        list[Held]().index(held)
    except ValueError as cause:
        raise NotFoundError("gone", code="GONE") from cause


def test_an_error_keeps_nothing_alive(clock: Clock) -> None:
    """It is kept without its traceback and causes, and so it is raised again."""
    failures: Failures[str] = Failures(10, 10, clock)
    held = Held()
    alive = weakref.ref(held)
    try:
        fail(held)
    except NotFoundError as error:
        failures.put("a", error)
    del held
    gc.collect()

    assert alive() is None
    for _ in range(2):
        with pytest.raises(NotFoundError, match="gone") as caught:
            failures.check("a")
        assert (caught.value.code, caught.value.__cause__) == ("GONE", None)


def test_all_of_an_error_is_kept(clock: Clock) -> None:
    """The registry's code and its wish are given again too."""
    failures: Failures[str] = Failures(10, 10, clock)
    failures.put("a", RateLimitedError("slower", code="TOOMANYREQUESTS", retry_after=60.0))
    clock.now += 59

    with pytest.raises(RateLimitedError) as caught:
        failures.check("a")

    assert (caught.value.code, caught.value.retry_after) == ("TOOMANYREQUESTS", 60.0)
    clock.now += 2
    failures.check("a")


def test_errors_are_dropped_by_key(clock: Clock) -> None:
    """Only those that match are forgotten."""
    failures: Failures[str] = Failures(10, 10, clock)
    for key in ("a1", "a2", "b1"):
        failures.put(key, NotFoundError(key))

    failures.drop(lambda key: key.startswith("a"))

    failures.check("a1")
    failures.check("a2")
    with pytest.raises(NotFoundError, match="b1"):
        failures.check("b1")


def test_memory_is_bounded(clock: Clock) -> None:
    """The oldest error goes first."""
    failures: Failures[int] = Failures(10, 2, clock)
    for key in range(3):
        failures.put(key, NotFoundError(str(key)))

    failures.check(0)
    with pytest.raises(NotFoundError, match="2"):
        failures.check(2)
