"""Shows what policies say of the workloads that run."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol, TypeVar

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from slimgate.core.policies.checks import asked_by
from slimgate.core.policies.finding import Outcome
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.verdict import Verdict
from slimgate.engine.catalog import Catalog
from slimgate.metrics.bounded import MAX_NAMESPACES, MAX_POLICIES, OTHER, largest
from slimgate.metrics.unknowns import LABELS, expected

Values = TypeVar("Values", bound=tuple[str | Outcome, ...])

_FOUND: Final = (Outcome.WARN, Outcome.DENY, Outcome.UNKNOWN)


class Verdicts(Protocol):
    """Knows the last verdict on every workload; controller.ledger does."""

    def verdicts(self) -> Iterable[Verdict]:
        """Yield all verdicts."""


class WorkloadCollector(Collector):
    """Verdicts and findings; whatever a policy can say has a series, be it zero."""

    def __init__(self, verdicts: Verdicts, catalog: Catalog) -> None:
        self._verdicts = verdicts
        self._catalog = catalog

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Count."""
        policies = dict(self._catalog.policies)
        named = sorted(policies)[:MAX_POLICIES]
        labels = dict.fromkeys(policies, OTHER) | {name: name for name in named}
        count = _Count(labels)
        for name in named:
            count.expect(policies[name])
        for verdict in self._verdicts.verdicts():
            count.add(verdict)
        yield from count.families()
        yield _infos(policies[name] for name in named)
        yield _invalid(self._catalog)


class _Count:
    """Counts for one scrape; `labels` says how each policy that there is is called.

    A verdict may be older than the end of a policy, which then counts no more.
    """

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels
        self._workloads: Counter[tuple[str, Outcome]] = Counter()
        self._by_namespace: Counter[tuple[str, Outcome]] = Counter()
        self._findings: Counter[tuple[str, str, Outcome]] = Counter()
        self._excused: Counter[tuple[str, str]] = Counter()
        self._unknown: Counter[tuple[str, str]] = Counter(dict.fromkeys(expected(), 0))

    def expect(self, policy: Policy) -> None:
        """Have a series for all that a policy may say."""
        for outcome in Outcome:
            self._workloads[policy.name, outcome] = 0
        for check in asked_by(policy):
            self._excused[policy.name, check] = 0
            for outcome in _FOUND:
                self._findings[policy.name, check, outcome] = 0

    def add(self, verdict: Verdict) -> None:
        """Count a verdict."""
        worst: dict[str, Outcome] = {}
        for finding in verdict.findings:
            worst[finding.policy] = max(finding.outcome, worst.get(finding.policy, Outcome.ALLOW))
            if (label := self._labels.get(finding.policy)) is not None:
                self._findings[label, finding.check, finding.outcome] += 1
        for policy in verdict.policies:
            if (label := self._labels.get(policy.name)) is not None:
                self._workloads[label, worst.get(policy.name, Outcome.ALLOW)] += 1
        for finding, _ in verdict.excused:
            if (label := self._labels.get(finding.policy)) is not None:
                self._excused[label, finding.check] += 1
        self._unknown.update(verdict.unknown())
        strictest = max(worst.values(), default=Outcome.ALLOW)
        self._by_namespace[verdict.subject.workload.namespace, strictest] += 1

    def families(self) -> Iterator[GaugeMetricFamily]:
        """Write all that was counted."""
        yield _family(
            "slimgate_workloads",
            "Workloads that a policy applies to, by its verdict before its mode. A workload "
            "counts once per policy.",
            ("policy", "verdict"),
            self._workloads,
        )
        yield _family(
            "slimgate_namespace_workloads",
            "Workloads in a namespace, by the strictest verdict of all policies that apply to "
            "them.",
            ("workload_namespace", "verdict"),
            _bounded(self._by_namespace),
        )
        yield _family(
            "slimgate_workload_findings",
            "Findings of a policy's checks in running workloads, without those that an exception "
            "excuses.",
            ("policy", "check", "verdict"),
            self._findings,
        )
        yield _family(
            "slimgate_workload_excused_findings",
            "Findings of a policy's checks in running workloads that an exception excuses.",
            ("policy", "check"),
            self._excused,
        )
        yield _family(
            "slimgate_workload_unknown_findings",
            "Checks of running workloads whose result is unknown, by reason.",
            LABELS,
            self._unknown,
        )


def _bounded(counted: Mapping[tuple[str, Outcome], int]) -> Counter[tuple[str, Outcome]]:
    """Give each namespace all verdicts; those with the fewest workloads over policy share one."""
    over: Counter[str] = Counter()
    for (namespace, outcome), number in counted.items():
        over[namespace] += 0 if outcome is Outcome.ALLOW else number
    named = largest(over, MAX_NAMESPACES)
    labels = sorted(named) + ([OTHER] if len(over) > len(named) else [])
    found = Counter({(label, outcome): 0 for label in labels for outcome in Outcome})
    for (namespace, outcome), number in counted.items():
        found[namespace if namespace in named else OTHER, outcome] += number
    return found


def _family(
    name: str, text: str, labels: tuple[str, ...], counted: Mapping[Values, int]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, number in sorted(counted.items()):
        family.add_metric([_text(value) for value in values], number)
    return family


def _text(value: str | Outcome) -> str:
    return value.label if isinstance(value, Outcome) else value


def _infos(policies: Iterable[Policy]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_policy_info",
        "Always 1; the labels hold a policy's mode and what it does about unknown images.",
        labels=["policy", "mode", "on_unknown"],
    )
    for policy in policies:
        family.add_metric([policy.name, policy.mode.value, policy.on_unknown.value], 1)
    return family


def _invalid(catalog: Catalog) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_invalid_objects",
        "SlimPolicies, SlimExceptions and BaseImages that are invalid and not applied. Their "
        "status says why.",
        labels=["resource"],
    )
    family.add_metric(["slimpolicies.slimgate.dev"], len(catalog.broken))
    family.add_metric(["slimexceptions.slimgate.dev"], len(catalog.broken_exceptions))
    family.add_metric(["baseimages.slimgate.dev"], len(catalog.broken_base_images))
    return family
