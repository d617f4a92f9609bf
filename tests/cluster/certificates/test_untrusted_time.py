"""The time without guard: what is added up, and from when."""

from datetime import datetime, timedelta

from slimgate.cluster.certificates.untrusted_time import UntrustedTime
from tests.cluster.certificates.make import NOW


def at(seconds: float) -> datetime:
    """Return a time after the start."""
    return NOW + timedelta(seconds=seconds)


def test_losses_are_added_up() -> None:
    """From each loss to its mending, and an unfinished one up to now."""
    guard = UntrustedTime()
    guard.note(None, at(0))
    guard.note(at(10), at(11))
    guard.note(None, at(13))
    guard.note(at(20), at(20))

    assert guard.seconds(at(13)) == 3.0
    assert guard.seconds(at(25)) == 8.0
    guard.note(at(24), at(26))
    assert guard.seconds(at(30)) == 13.0


def test_what_was_seen_to_be_up_was_not_lost_before() -> None:
    """The API server's times are of whole seconds: a loss may seem to be older than it is."""
    guard = UntrustedTime()
    guard.note(None, at(10.7))
    guard.note(at(10), at(10.9))
    guard.note(None, at(11))

    assert abs(guard.seconds(at(11)) - 0.3) < 1e-6


def test_what_has_not_changed_is_still_up() -> None:
    """A loss is not older than the last moment at which nothing had changed; that mends nothing."""
    guard = UntrustedTime()
    guard.still(at(1))
    guard.note(None, at(10))
    guard.still(at(60))
    guard.note(at(0), at(61))
    guard.still(at(70))
    guard.note(None, at(71))

    assert guard.seconds(at(99)) == 11.0


def test_a_loss_from_before_the_start_counts() -> None:
    """A controller that was away finds out when the guard was lost."""
    guard = UntrustedTime()
    guard.note(at(-300), at(0))
    guard.note(None, at(1))

    assert guard.seconds(at(9)) == 301.0


def test_clocks_that_go_back() -> None:
    """The sum never shrinks, whatever the clocks say."""
    guard = UntrustedTime()
    guard.note(at(50), at(10))
    assert guard.seconds(at(5)) == 0.0
    guard.note(None, at(5))
    assert guard.seconds(at(5)) == 0.0
