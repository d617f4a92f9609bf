"""When a host is taken to be down, and when it is asked again."""

from dataclasses import dataclass, field

import pytest

from slimgate.core.errors import UnavailableError
from slimgate.registry.breaker import Attempt, Breaker
from slimgate.registry.settings import RegistrySettings

HOST, OTHER = "registry.test", "other.test"
WHY = "nothing answers at its address"
DOWN = f"{HOST} did not answer 3 requests in a row ({WHY}); not asked again for up to 15 s"


@dataclass
class Bench:
    """A breaker, and time that passes only when told to."""

    settings: RegistrySettings = field(default_factory=RegistrySettings)
    now: float = 1000.0

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.settings, lambda: self.now)

    def attempt(self, host: str = HOST) -> Attempt:
        """Begin a request."""
        return self.breaker.attempt(host, host)

    def silence(self, count: int = 3, cause: str = WHY) -> None:
        """Have so many requests end without an answer, one after the other."""
        for _ in range(count):
            with self.attempt() as attempt:
                attempt.silent(cause, waited=False)

    def refusal(self, host: str = HOST) -> str | None:
        """Say how the next request is refused; None if it is let through, and then given up."""
        try:
            with self.attempt(host):
                return None
        except UnavailableError as error:
            return str(error)


@pytest.fixture
def bench() -> Bench:
    """Make a breaker with the settings that are shipped."""
    return Bench()


def test_three_in_a_row(bench: Bench) -> None:
    """The third request without an answer is the last one that is sent, of this host only."""
    bench.silence(2)
    before = bench.refusal(), bench.breaker.error(HOST, HOST)
    bench.silence(1)
    bench.attempt(OTHER)

    assert before == (None, None)
    assert bench.refusal() == DOWN
    assert str(bench.breaker.error(HOST, HOST)) == DOWN
    assert (bench.refusal(OTHER), bench.breaker.error(OTHER, OTHER)) == (None, None)


def test_an_answer_in_between(bench: Bench) -> None:
    """Only a row counts: an answer begins a new one."""
    for _ in range(3):
        bench.silence(2)
        with bench.attempt() as attempt:
            attempt.answered()

    assert bench.refusal() is None


def test_an_answer_while_others_wait(bench: Bench) -> None:
    """A host that answered while slow requests were under way is up, whatever becomes of them."""
    slow = [bench.attempt() for _ in range(8)]
    bench.attempt().answered()
    for attempt in slow:
        attempt.silent(WHY, waited=True)
    after_slow = bench.refusal()
    bench.silence()

    assert after_slow is None
    assert bench.refusal() == DOWN


def test_many_that_are_cut_off_together(bench: Bench) -> None:
    """They count as one: a registry that restarts ends all that is under way, and is back."""
    for _ in range(2):
        for attempt in [bench.attempt() for _ in range(8)]:
            attempt.silent(WHY, waited=False)
    before = bench.refusal()
    bench.silence(1)

    assert (before, bench.refusal()) == (None, DOWN)


def test_many_that_waited_together(bench: Bench) -> None:
    """Each of them counts: so long a silence is no accident."""
    first, second, third = (bench.attempt() for _ in range(3))
    first.silent(WHY, waited=True)
    second.silent(WHY, waited=True)
    before = bench.refusal()
    third.silent(WHY, waited=True)

    assert (before, bench.refusal()) == (None, DOWN)


def test_requests_that_were_given_up(bench: Bench) -> None:
    """What a caller cancelled neither counts nor interrupts a row."""
    for _ in range(2):
        for _ in range(5):
            assert bench.refusal() is None
        bench.silence(1)
    bench.silence(1)

    assert bench.refusal() == DOWN


def test_one_at_a_time_after_the_pause(bench: Bench) -> None:
    """While one request finds out, the others are refused still; its answer lets all through."""
    bench.silence()
    bench.now += 14.9
    early = bench.refusal()
    bench.now += 0.1
    with bench.attempt() as probe:
        meanwhile = bench.refusal()
        probe.answered()

    assert (early, meanwhile) == (DOWN, DOWN)
    assert [bench.attempt() for _ in range(9)]
    assert bench.breaker.error(HOST, HOST) is None


def test_silence_again(bench: Bench) -> None:
    """A probe that gets no answer starts the pause anew, with its own cause."""
    bench.silence()
    bench.now += 15
    bench.silence(1, "connecting to it timed out")
    bench.now += 14
    refusal = bench.refusal()
    bench.now += 1

    assert refusal == DOWN.replace(WHY, "connecting to it timed out")
    assert bench.refusal() is None


def test_a_probe_that_is_given_up(bench: Bench) -> None:
    """It makes room for the next one at once, and leaves the host neither up nor forgotten."""
    bench.silence()
    bench.now += 15
    for _ in range(5):
        with pytest.raises(TimeoutError), bench.attempt():
            raise TimeoutError

    with bench.attempt():
        assert bench.refusal() == DOWN


def test_a_straggler_that_is_answered(bench: Bench) -> None:
    """Whoever still waits and gets an answer ends the pause for all."""
    straggler = bench.attempt()
    bench.silence()
    refusal = bench.refusal()
    straggler.answered()

    assert (refusal, bench.refusal()) == (DOWN, None)


def test_a_straggler_that_is_not(bench: Bench) -> None:
    """It is the latest news: the pause counts from it, also while a probe is out."""
    straggler, other = bench.attempt(), bench.attempt()
    bench.silence()
    bench.now += 10
    straggler.silent(WHY, waited=False)
    bench.now += 5
    early = bench.refusal()
    bench.now += 10
    with bench.attempt() as probe:
        other.silent(WHY, waited=True)
        probe.silent(WHY, waited=True)
        bench.now += 15

    assert early == DOWN
    assert bench.refusal() is None


def test_a_probe_from_before(bench: Bench) -> None:
    """One whose outage is long over makes no room for a second probe of the next outage."""
    straggler = bench.attempt()
    bench.silence()
    bench.now += 15
    with bench.attempt() as old:
        straggler.answered()
        bench.silence()
        bench.now += 15
        probe = bench.attempt()
        old.silent(WHY, waited=True)
    bench.now += 15

    assert bench.refusal() == DOWN
    with probe:
        pass
    assert bench.refusal() is None


def test_the_text_does_not_change_with_time(bench: Bench) -> None:
    """Reports and annotations are written on change only."""
    bench.silence()
    texts = set()
    for _ in range(14):
        bench.now += 1
        texts.add(bench.refusal())
    bench.now += 1
    bench.silence(1)

    assert texts | {bench.refusal()} == {DOWN}


def test_without_a_pause() -> None:
    """Nothing is taken to be down where failures are not to be remembered."""
    bench = Bench(RegistrySettings(silent_seconds=0))
    bench.silence(10)

    assert (bench.refusal(), bench.breaker.error(HOST, HOST)) == (None, None)
