"""Counts what verdicts say of policies, exceptions and BaseImages, in one pass over all of them."""

from dataclasses import dataclass, field

from slimgate.core.images.tier import Tier
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.verdict import Verdict

NamespacedName = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class Counts:
    """Workloads that a policy applies to, by what it alone says of them, whatever its mode."""

    workloads: int = 0
    warned: int = 0
    denied: int = 0
    unknown: int = 0


@dataclass(slots=True, kw_only=True)
class Excess:
    """What an exception excuses of one check: in how many workloads, and the largest value."""

    workloads: int = 0
    largest: int | Tier | None = None
    limit: int | Tier | None = None

    def take(self, finding: Finding) -> None:
        """Hear of one more value."""
        value, limit = finding.value, finding.limit
        if isinstance(value, int) and (self.largest is None or value > self.largest):
            self.largest = value
            self.limit = limit if isinstance(limit, int) else None


@dataclass(slots=True, kw_only=True)
class Excused:
    """What an exception excuses, by check."""

    workloads: int = 0
    checks: dict[str, Excess] = field(default_factory=dict)


class Tally:
    """Counts by policy, exception and BaseImage; what no verdict names has none."""

    def __init__(self) -> None:
        self.policies: dict[str, Counts] = {}
        self.exceptions: dict[NamespacedName, Excused] = {}
        self._digests: dict[str, set[str]] = {}

    def images(self, base_image: str) -> int:
        """Count the images that are based on a BaseImage."""
        return len(self._digests.get(base_image, ()))

    def take(self, verdict: Verdict) -> None:
        """Count one more verdict."""
        self._take_policies(verdict)
        self._take_excused(verdict)
        for seen in verdict.subject.inspected().values():
            for image in seen.images:
                for name in image.base.base_images:
                    if image.digest is not None:
                        self._digests.setdefault(name, set()).add(image.digest)

    def _take_policies(self, verdict: Verdict) -> None:
        outcomes = dict.fromkeys((policy.name for policy in verdict.policies), Outcome.ALLOW)
        for finding in verdict.findings:
            outcomes[finding.policy] = max(outcomes[finding.policy], finding.outcome)
        for name, outcome in outcomes.items():
            counts = self.policies.setdefault(name, Counts())
            counts.workloads += 1
            counts.warned += outcome is Outcome.WARN
            counts.denied += outcome is Outcome.DENY
            counts.unknown += outcome is Outcome.UNKNOWN

    def _take_excused(self, verdict: Verdict) -> None:
        seen: set[tuple[NamespacedName, str | None]] = set()
        for finding, by in verdict.excused:
            key = by.namespace, by.name
            excused = self.exceptions.setdefault(key, Excused())
            excess = excused.checks.setdefault(finding.check, Excess())
            excess.take(finding)
            # Several findings of one workload are one workload.
            excused.workloads += (key, None) not in seen
            excess.workloads += (key, finding.check) not in seen
            seen |= {(key, None), (key, finding.check)}
