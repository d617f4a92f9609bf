"""Shows what slimgate knows now: verdicts, and how closely it follows the cluster."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from slimgate.core.finding import Outcome
from slimgate.core.verdict import Verdict


class Verdicts(Protocol):
    """Knows the last verdict on every workload; controller.ledger does."""

    def verdicts(self) -> Iterable[Verdict]:
        """Yield all verdicts."""


class Following(Protocol):
    """Mirrors a kind of object; cluster.mirror does."""

    def __len__(self) -> int:
        """Count the objects."""

    def seconds_since_event(self) -> float:
        """Tell how long ago the API server was last heard of."""


class WorkloadCollector(Collector):
    """Verdicts by policy; every policy that there is has all series, be they zero."""

    def __init__(self, verdicts: Verdicts, policies: Callable[[], Iterable[str]]) -> None:
        self._verdicts = verdicts
        self._policies = policies

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Count."""
        workloads = GaugeMetricFamily(
            "slimgate_workloads",
            "Workloads that a policy speaks of, by what it says of them before its mode is "
            "applied. One workload counts for each policy that speaks of it.",
            labels=["policy", "verdict"],
        )
        findings = GaugeMetricFamily(
            "slimgate_workload_findings",
            "What checks have to say of workloads, exceptions left out. One image or workload "
            "counts for each check of each policy.",
            labels=["policy", "check", "verdict"],
        )
        said, found = self._count()
        for (policy, outcome), number in sorted(said.items()):
            workloads.add_metric([policy, outcome.label], number)
        for (policy, check, outcome), number in sorted(found.items()):
            findings.add_metric([policy, check, outcome.label], number)
        yield workloads
        yield findings

    def _count(self) -> tuple[Counter[tuple[str, Outcome]], Counter[tuple[str, str, Outcome]]]:
        said = Counter({(name, one): 0 for name in self._policies() for one in Outcome})
        found = Counter[tuple[str, str, Outcome]]()
        for verdict in self._verdicts.verdicts():
            for policy in verdict.policies:
                said[policy.name, verdict.outcome_of(policy.name)] += 1
            for finding in verdict.findings:
                found[finding.policy, finding.check, finding.outcome] += 1
        return said, found


class MirrorCollector(Collector):
    """How closely slimgate follows the cluster."""

    def __init__(self, mirrors: Iterable[Mapping[str, Following]]) -> None:
        self._mirrors = mirrors

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask each mirror."""
        ages = GaugeMetricFamily(
            "slimgate_mirror_event_age_seconds",
            "Since the API server was last heard of on a kind of object; it speaks up once a "
            "minute, so more than a few minutes means that slimgate decides by old state.",
            labels=["kind"],
        )
        objects = GaugeMetricFamily(
            "slimgate_mirror_objects", "Objects of a kind that slimgate follows.", labels=["kind"]
        )
        for kind, mirror in chain.from_iterable(some.items() for some in self._mirrors):
            ages.add_metric([kind], mirror.seconds_since_event())
            objects.add_metric([kind], len(mirror))
        yield ages
        yield objects
