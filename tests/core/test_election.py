"""Who leads, by what is heard of the Lease and when."""

from dataclasses import replace

import pytest

from slimgate.core.election import MAX_LEASE, Candidate, HeldLease, Timing, identity_of

TIMING = Timing()
A, B = identity_of("a", "1"), identity_of("b", "1")
NEW = Candidate(identity=A, timing=TIMING)
THEIRS = HeldLease(holder=B, seconds=10, renewed="1", transitions=1, version="1")
OURS = replace(THEIRS, holder=A)
LEADS = NEW.won(OURS, 100.0)


@pytest.mark.parametrize(
    ("before", "held", "free_at"),
    [
        (None, None, None),
        (None, THEIRS, 60.0),
        (None, replace(THEIRS, holder=""), 50.0),
        (THEIRS, replace(THEIRS, holder=""), 50.0),
        (THEIRS, THEIRS, 20.0),
        # Somebody else than its holder has changed it: a label, say.
        (THEIRS, replace(THEIRS, version="2"), 20.0),
        (THEIRS, replace(THEIRS, renewed="2"), 60.0),
        # Their clock was set back; it is alive all the same.
        (THEIRS, replace(THEIRS, renewed="0"), 60.0),
        (THEIRS, replace(THEIRS, holder="c_1"), 60.0),
        (THEIRS, None, 20.0),
        (None, replace(THEIRS, seconds=60), 110.0),
        (None, replace(THEIRS, seconds=0), 60.0),
        (None, replace(THEIRS, seconds=10**9), 50.0 + MAX_LEASE),
        # Its own, by an answer that was lost.
        (None, OURS, 50.0),
        # Of the same pod, where nothing says that the former process has ended.
        (None, replace(THEIRS, holder="a_0"), 60.0),
    ],
)
def test_when_it_is_free(
    before: HeldLease | None, held: HeldLease | None, free_at: float | None
) -> None:
    """A whole lease after its last renewal was seen, at 10 or 50, whatever times it holds."""
    candidate = NEW if before is None else NEW.heard(before, 10.0)

    candidate = candidate.heard(held, 50.0)

    assert candidate.may_try(free_at or 0.0)
    assert free_at is None or not candidate.may_try(free_at - 0.1)
    assert not candidate.leads


def test_a_container_that_was_restarted() -> None:
    """The kubelet starts one when the former has ended, so there is nobody to wait for."""
    candidate = replace(NEW, alone_in_pod=True)

    assert candidate.heard(replace(THEIRS, holder="a_0"), 50.0).may_try(50.0)
    assert not candidate.heard(replace(THEIRS, holder="aa_0"), 50.0).may_try(50.0)
    assert not candidate.heard(replace(THEIRS, holder="0"), 50.0).may_try(50.0)


@pytest.mark.parametrize(
    ("held", "now", "leads"),
    [
        (OURS, 101.0, True),
        # Nobody has taken it while it could not be renewed.
        (replace(OURS, version="9"), 500.0, True),
        (THEIRS, 101.0, False),
        (replace(OURS, holder=""), 101.0, False),
        (None, 106.9, True),
        # Who knows who has led since.
        (None, 107.1, False),
    ],
)
def test_a_leader_hears(held: HeldLease | None, now: float, *, leads: bool) -> None:
    """It leads on as long as nobody else can have led, and never again afterwards."""
    heard = LEADS.heard(held, now)

    assert (heard.leads, heard.may_try(1e9)) == (leads, leads)
    assert heard.writes_until == (107.0 if leads else -float("inf"))
    assert not leads or heard.won(OURS, 200.0).writes_until == 207.0


@pytest.mark.parametrize(
    ("timing", "fault"),
    [
        (Timing(), None),
        (Timing(lease=15, renew=10, retry=2), None),
        (Timing(lease=3, renew=2, retry=1), None),
        (Timing(lease=10.5), "leaseDuration must be whole seconds"),
        (Timing(lease=601), "leaseDuration must be 600s or less"),
        (Timing(lease=10, renew=10), "renewDeadline must be a second shorter than leaseDuration"),
        (Timing(lease=10, renew=9.5), "renewDeadline must be a second shorter than leaseDuration"),
        (Timing(retry=4), "renewDeadline must be two retryPeriods or more"),
    ],
)
def test_timing(timing: Timing, fault: str | None) -> None:
    """A leader stops before its Lease ends, and has tried more than once by then."""
    found = timing.fault

    assert (found or "").startswith(fault or "")
    assert (found is None) == (fault is None)
