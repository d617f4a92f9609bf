"""Counts what verdicts say of policies, exceptions and BaseImages, one verdict at a time."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from slimgate.core.images.facts import Digest
from slimgate.core.images.tier import Tier
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.verdict import Verdict

NamespacedName = tuple[str, str]
_Amount = tuple[int | Tier, int | Tier | None]
"""A value, and the limit that it is above."""


@dataclass(slots=True, kw_only=True)
class Counts:
    """Workloads that a policy applies to, by what it alone says of them, whatever its mode."""

    workloads: int = 0
    warned: int = 0
    denied: int = 0
    unknown: int = 0

    def add(self, outcome: Outcome, sign: int) -> None:
        """Count a workload, or no longer."""
        self.workloads += sign
        self.warned += sign * (outcome is Outcome.WARN)
        self.denied += sign * (outcome is Outcome.DENY)
        self.unknown += sign * (outcome is Outcome.UNKNOWN)


@dataclass(slots=True, kw_only=True)
class Excess:
    """What an exception excuses of one check: in how many workloads, and the largest value."""

    workloads: int = 0
    largest: int | Tier | None = None
    limit: int | Tier | None = None
    _amounts: Counter[_Amount] = field(
        default_factory=Counter, init=False, repr=False, compare=False
    )

    def add(self, finding: Finding, sign: int) -> None:
        """Hear of one more value, or one less."""
        value, limit = finding.value, finding.limit
        if not isinstance(value, int):
            return
        amount = value, limit if isinstance(limit, int) else None
        self._amounts[amount] += sign
        if sign > 0:
            if self.largest is None or value > self.largest:
                self.largest, self.limit = amount
        elif not self._amounts[amount]:
            del self._amounts[amount]
            if amount == (self.largest, self.limit):
                largest = max(self._amounts, key=lambda one: one[0], default=(None, None))
                self.largest, self.limit = largest


@dataclass(slots=True, kw_only=True)
class Excused:
    """What an exception excuses, by check."""

    workloads: int = 0
    checks: dict[str, Excess] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Touched:
    """What is counted otherwise than before: names of policies, exceptions and BaseImages."""

    policies: set[str] = field(default_factory=set)
    exceptions: set[NamespacedName] = field(default_factory=set)
    base_images: set[str] = field(default_factory=set)


class Tally:
    """Counts by policy, exception and BaseImage; what no verdict names has none."""

    def __init__(self) -> None:
        self.policies: dict[str, Counts] = {}
        self.exceptions: dict[NamespacedName, Excused] = {}
        self._digests: dict[str, Counter[Digest]] = {}
        self._touched = Touched()

    def images(self, base_image: str) -> int:
        """Count the images that are based on a BaseImage."""
        return len(self._digests.get(base_image, ()))

    def touched(self) -> Touched:
        """Tell what is counted otherwise than when this was asked before."""
        touched, self._touched = self._touched, Touched()
        return touched

    def take(self, verdict: Verdict) -> None:
        """Count one more verdict."""
        self._count(verdict, 1)

    def drop(self, verdict: Verdict) -> None:
        """Count a verdict that was counted no longer."""
        self._count(verdict, -1)

    def _count(self, verdict: Verdict, sign: int) -> None:
        for name, outcome in _outcomes(verdict).items():
            counts = self.policies.setdefault(name, Counts())
            counts.add(outcome, sign)
            if not counts.workloads:
                del self.policies[name]
            self._touched.policies.add(name)
        self._count_excused(verdict, sign)
        for name, digest in _based(verdict):
            digests = self._digests.setdefault(name, Counter())
            digests[digest] += sign
            if not digests[digest]:
                del digests[digest]
                if not digests:
                    del self._digests[name]
            self._touched.base_images.add(name)

    def _count_excused(self, verdict: Verdict, sign: int) -> None:
        # Several findings of one workload are one workload.
        seen: dict[NamespacedName, set[str]] = {}
        for finding, by in verdict.excused:
            key = by.namespace, by.name
            excused = self.exceptions.setdefault(key, Excused())
            excess = excused.checks.setdefault(finding.check, Excess())
            excess.add(finding, sign)
            excused.workloads += sign * (key not in seen)
            checks = seen.setdefault(key, set())
            excess.workloads += sign * (finding.check not in checks)
            checks.add(finding.check)
        for key, checks in seen.items():
            excused = self.exceptions[key]
            for check in checks:
                if not excused.checks[check].workloads:
                    del excused.checks[check]
            if not excused.workloads:
                del self.exceptions[key]
        self._touched.exceptions.update(seen)


def _outcomes(verdict: Verdict) -> dict[str, Outcome]:
    outcomes = dict.fromkeys((policy.name for policy in verdict.policies), Outcome.ALLOW)
    for finding in verdict.findings:
        outcomes[finding.policy] = max(outcomes[finding.policy], finding.outcome)
    return outcomes


def _based(verdict: Verdict) -> Iterator[tuple[str, Digest]]:
    """List the images that are based on BaseImages."""
    for seen in verdict.subject.inspected().values():
        for image in seen.images:
            if image.digest is not None:
                for name in image.base.base_images:
                    yield name, image.digest
