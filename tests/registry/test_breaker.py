"""When a host is taken to be down, and when it is asked again."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from slimgate.core.errors import UnavailableError
from slimgate.registry.breaker import Asked, Attempt, Breaker
from slimgate.registry.settings import RegistrySettings

HOST, OTHER = "registry.test", "other.test"
APP, BASE, LIB, TOOL = "team/app", "team/base", "team/lib", "team/tool"
WHY = "nothing answers at its address"
HUNG = "nothing within 10 s"
DOWN = f"{HOST} did not answer 3 requests in a row ({WHY}); not asked again for up to 15 s"


@dataclass
class Bench:
    """A breaker, and time that passes only when told to."""

    settings: RegistrySettings = field(default_factory=RegistrySettings)
    now: float = 1000.0

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.settings, lambda: self.now)

    def attempt(self, host: str = HOST, repository: str = APP, via: str | None = None) -> Attempt:
        """Begin a request."""
        return self.breaker.attempt(Asked(origin=host, repository=repository, via=via), host)

    def silence(self, count: int = 3, cause: str = WHY) -> None:
        """Have so many requests not reach the host, one after the other."""
        for _ in range(count):
            with self.attempt() as attempt:
                attempt.silent(cause, waited=False, reached=False)

    def hang(self, *repositories: str, via: str | None = None) -> None:
        """Have requests for these be taken and not answered, one after the other."""
        for repository in repositories:
            with self.attempt(repository=repository, via=via) as attempt:
                attempt.silent(HUNG, waited=True, reached=True)

    def refusal(
        self, host: str = HOST, repository: str = APP, via: str | None = None
    ) -> str | None:
        """Say how the next request is refused; None if it is let through, and then given up."""
        try:
            with self.attempt(host, repository, via):
                return None
        except UnavailableError as error:
            return str(error)

    def error(self, host: str = HOST) -> UnavailableError | None:
        """Say how those fail that are under way."""
        return self.breaker.error(Asked(origin=host, repository=APP), host)


@pytest.fixture
def bench() -> Bench:
    """Make a breaker with the settings that are shipped."""
    return Bench()


def test_three_in_a_row(bench: Bench) -> None:
    """The third request without an answer is the last one that is sent, of this host only."""
    bench.silence(2)
    before = bench.refusal(), bench.error()
    bench.silence(1)
    bench.attempt(OTHER)

    assert before == (None, None)
    assert bench.refusal() == DOWN
    assert str(bench.error()) == DOWN
    assert (bench.refusal(OTHER), bench.error(OTHER)) == (None, None)


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
        attempt.silent(WHY, waited=True, reached=False)
    after_slow = bench.refusal()
    bench.silence()

    assert after_slow is None
    assert bench.refusal() == DOWN


def test_many_that_are_cut_off_together(bench: Bench) -> None:
    """They count as one: a registry that restarts ends all that is under way, and is back."""
    for _ in range(2):
        for attempt in [bench.attempt() for _ in range(8)]:
            attempt.silent(WHY, waited=False, reached=False)
    before = bench.refusal()
    bench.silence(1)

    assert (before, bench.refusal()) == (None, DOWN)


def test_many_that_waited_together(bench: Bench) -> None:
    """Each of them counts: so long a silence is no accident."""
    first, second, third = (bench.attempt() for _ in range(3))
    first.silent(WHY, waited=True, reached=False)
    second.silent(WHY, waited=True, reached=False)
    before = bench.refusal()
    third.silent(WHY, waited=True, reached=False)

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
    assert bench.error() is None


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
    straggler.silent(WHY, waited=False, reached=False)
    bench.now += 5
    early = bench.refusal()
    bench.now += 10
    with bench.attempt() as probe:
        other.silent(WHY, waited=True, reached=False)
        probe.silent(WHY, waited=True, reached=False)
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
        old.silent(WHY, waited=True, reached=False)
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

    assert (bench.refusal(), bench.error()) == (None, None)


def down(repository: str = "", cause: str = HUNG) -> str:
    """Say that a repository, or the host, is not asked."""
    what, it = (f" for {repository}", " for it") if repository else ("", "")
    row = f"{HOST} did not answer 3 requests in a row{what} ({cause})"
    return f"{row}; not asked{it} again for up to 15 s"


def test_one_repository_that_hangs(bench: Bench) -> None:
    """Where the host takes requests, it is shut for the repository that is not answered only."""
    bench.hang(APP, APP, APP)
    shut = bench.refusal(), str(bench.error())
    bench.now += 15
    with bench.attempt() as probe:
        meanwhile = bench.refusal()
        probe.answered()

    assert (shut, meanwhile) == ((down(APP), down(APP)), down(APP))
    assert bench.refusal() is None
    assert bench.refusal(repository=BASE) is None


@pytest.mark.parametrize("often", [1, 2, 3])
def test_three_repositories_that_hang(bench: Bench, often: int) -> None:
    """They speak for the whole host, each of them once, and no more if it answers in between."""
    for repository in (APP, BASE):
        bench.hang(*[repository] * often)
    before = bench.refusal(repository=TOOL)
    bench.attempt(repository=TOOL).answered()
    bench.hang(LIB)
    between = bench.refusal(repository=TOOL)
    bench.hang(TOOL, "team/one")

    assert (before, between) == (None, None)
    assert bench.refusal(repository="team/new") == down()
    assert bench.refusal(OTHER) is None


def test_a_repository_that_goes_on_hanging(bench: Bench) -> None:
    """Once an answer has shown that the host is up, what was silent before does not say more."""
    bench.hang(APP, BASE)
    bench.attempt(repository=TOOL).answered()
    bench.hang(APP, BASE, APP, BASE)

    assert (bench.refusal(), bench.refusal(repository=BASE)) == (down(APP), down(BASE))
    assert bench.refusal(repository=LIB) is None


def test_repositories_that_are_cut_off_together(bench: Bench) -> None:
    """They count as one, as requests for the same repository do."""
    for attempt in [bench.attempt(repository=f"team/{n}") for n in range(8)]:
        attempt.silent(WHY, waited=False, reached=True)

    assert bench.refusal() is None
    bench.hang(APP, BASE)
    assert bench.refusal() == down()


def test_a_thousand_repositories_that_hang(bench: Bench) -> None:
    """Those under way wait in vain, and hardly any other is sent, however long it lasts."""
    waiting = [bench.attempt(repository=f"team/{n}") for n in range(8)]
    for attempt in waiting:
        attempt.silent(HUNG, waited=True, reached=True)
    sent = 0
    for _ in range(10):
        bench.now += 15
        probes = []
        for number in range(1000):
            with suppress(UnavailableError):
                probes.append(bench.attempt(repository=f"team/{number}"))
        sent += len(probes)
        for probe in probes:
            with probe:
                probe.silent(HUNG, waited=True, reached=True)

    assert sent == 2 * 10


def test_whom_a_silent_repository_does_not_keep_out(bench: Bench) -> None:
    """While one that hangs is asked again, and when it hung once more, others find the host up."""
    bench.hang(APP, BASE, LIB)
    bench.now += 15
    with bench.attempt() as silent:
        assert bench.refusal(repository=BASE) == down()
        assert bench.refusal(repository=TOOL) is None
        silent.silent(HUNG, waited=True, reached=True)
    again = bench.refusal()
    with bench.attempt(repository=TOOL) as probe:
        assert bench.refusal(repository="team/new") == down()
        probe.answered()

    assert again == down()
    assert [bench.refusal(repository=one) for one in (APP, BASE, LIB, TOOL)] == [None] * 4


def test_a_host_that_another_chose(bench: Bench) -> None:
    """It is down only for those who lead to it; its answers count for itself as well."""
    bench.silence(2)
    bench.hang(APP, BASE, LIB, via="evil.test")
    led = bench.refusal(repository=TOOL, via="evil.test")
    free = bench.refusal(), bench.refusal(via="honest.test")
    bench.attempt(via="honest.test").answered()
    bench.silence(2)

    assert (led, free) == (down(), (None, None))
    assert bench.refusal() is None
    assert bench.refusal(repository=TOOL, via="evil.test") == down()


@pytest.mark.parametrize("fall", [Bench.silence, lambda bench: bench.hang(APP, APP, APP)])
def test_what_is_remembered_is_bounded(bench: Bench, fall: Callable[[Bench], None]) -> None:
    """Whoever makes up hosts and repositories gets no more room than others."""
    fall(bench)
    refusals = []
    for numbers in (range(4095), range(4095, 8191)):
        for number in numbers:
            bench.attempt(f"{number}.test", f"team/{number}")
        refusals.append(bench.refusal() is not None)

    assert refusals == [True, False]
