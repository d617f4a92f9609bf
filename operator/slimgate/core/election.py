"""Which of several controllers leads: the rules of a Lease, as functions of time.

Times are seconds of the candidate's own clock, which runs evenly and which nobody sets. Times that
stand in the Lease are for people: no decision rests on them, so that clocks may differ, or jump.
https://kubernetes.io/docs/concepts/architecture/leases/#leader-election
"""

import math
from dataclasses import dataclass, replace
from typing import Final, Self

MAX_LEASE: Final = 600.0
"""Seconds that a Lease is believed for, whatever somebody has written into it."""
_SEPARATOR: Final = "_"
_LONG_AGO: Final = -math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """For how long a Lease holds, for how long its holder writes, and how often it renews it.

    What is on its way when a leader stops has the rest of the Lease to arrive.
    """

    lease: float = 10.0
    renew: float = 7.0
    retry: float = 2.0

    @property
    def fault(self) -> str | None:
        """Say what contradicts itself, None if nothing does."""
        if self.lease % 1:
            return "leaseDuration must be whole seconds, since a Lease holds no others"
        if self.lease > MAX_LEASE:
            return f"leaseDuration must be {MAX_LEASE:.0f}s or less"
        if self.renew + 1 > self.lease:
            return (
                "renewDeadline must be a second shorter than leaseDuration or more: a leader that "
                "can't renew its Lease must have stopped before another takes it"
            )
        if self.renew < 2 * self.retry:
            return "renewDeadline must be two retryPeriods or more: one attempt may fail"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLease:
    """A Lease as the API server has it; nobody holds it if `holder` is empty.

    `renewed` is another text after each renewal, `version` after any change.
    """

    holder: str = ""
    seconds: float = 0.0
    renewed: str = ""
    transitions: int = 0
    version: str = ""

    def is_renewal_of(self, before: "HeldLease | None") -> bool:
        """Whether whoever holds it has written it since."""
        told = (self.holder, self.renewed, self.transitions)
        return before is None or told != (before.holder, before.renewed, before.transitions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One process's view; its `identity` is POD_RANDOM, and no other process ever has the same.

    `free_at` is when nobody else can be leading any more. `renewed_at` is when the last renewal
    that the API server took was begun, None for who does not lead: whoever else sees it sees it
    later, so that this candidate stops writing before the Lease is anybody's.
    """

    identity: str
    timing: Timing
    alone_in_pod: bool = False
    """Whether a holder of the same pod can only be a process that has ended."""
    held: HeldLease | None = None
    free_at: float = _LONG_AGO
    renewed_at: float | None = None
    is_deposed: bool = False

    @property
    def leads(self) -> bool:
        """Whether it has the Lease, as far as it knows."""
        return self.renewed_at is not None and not self.is_deposed

    @property
    def writes_until(self) -> float:
        """Until when it may write, if no renewal succeeds before."""
        if self.renewed_at is None or self.is_deposed:
            return _LONG_AGO
        return self.renewed_at + self.timing.renew

    def may_try(self, now: float) -> bool:
        """Whether to write the Lease: to renew it, or to take it."""
        return self.leads or (not self.is_deposed and now >= self.free_at)

    def heard(self, held: HeldLease | None, now: float) -> Self:
        """Take the Lease as the API server has it, or that there is none."""
        if self.leads:
            # Without a Lease others still leave alone whom they have seen, as long as it lasts.
            kept = held.holder == self.identity if held else now < self.writes_until
            return replace(self, held=held, is_deposed=not kept)
        return replace(self, held=held, free_at=self._free_at(held, now))

    def won(self, held: HeldLease, begun: float) -> Self:
        """Take that the API server has taken what was begun to be written then."""
        return replace(self, held=held, renewed_at=begun)

    def _free_at(self, held: HeldLease | None, now: float) -> float:
        if held is None or not held.is_renewal_of(self.held):
            return self.free_at
        if not held.holder or self._is_own(held.holder):
            return now
        return now + min(max(held.seconds, self.timing.lease), MAX_LEASE)

    def _is_own(self, holder: str) -> bool:
        """Whether it is this process, by an answer that was lost, or the pod's former one."""
        pod = self.identity.rpartition(_SEPARATOR)[0]
        former = self.alone_in_pod and holder.rpartition(_SEPARATOR)[0] == pod
        return former or holder == self.identity


def identity_of(pod: str, random: str) -> str:
    """Name a process."""
    return f"{pod}{_SEPARATOR}{random}"
