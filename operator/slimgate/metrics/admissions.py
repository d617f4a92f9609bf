"""Counts what the webhook answered, and shows what it serves with.

Implements webhook.ports.AdmissionObserver without importing it. An admission that nothing was
found in costs 2 microseconds here.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import product
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from slimgate.core.admission.decision import Effect
from slimgate.core.errors import IMAGE_REASONS
from slimgate.metrics.bounded import OTHER, Places
from slimgate.metrics.certificate import CERTIFICATE_EXPIRY
from slimgate.metrics.unknowns import LABELS, expected

FAULTS: Final = frozenset({"error", "late", "overloaded"})
"""Outcomes of admissions that slimgate failed to judge; webhook.service calls them so."""

_JUDGED: Final = ("CREATE", "UPDATE")
_OPERATIONS: Final = frozenset({*_JUDGED, "DELETE", "CONNECT"})
_SECONDS: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0,
    30.0,
)  # fmt: skip
"""Up to the longest time-out that a webhook may have."""
_CODES: Final = (400, 401, 403, 404, 405, 408, 413, 415, 500, 503)


class AdmissionMetrics:
    """Admissions of workloads and exceptions, and requests that were none."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._places = Places()
        self._admissions = Counter(
            "slimgate_admissions",
            "Admission reviews of workloads answered. The outcome is the verdict, or why none was "
            "needed or reached.",
            ["operation", "outcome", "allowed"],
            registry=registry,
        )
        self._seconds = Histogram(
            "slimgate_admission_duration_seconds",
            "Time from having read an admission review of a workload to having written its answer.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._exceptions = Counter(
            "slimgate_exception_admissions",
            "Admission reviews of SlimExceptions answered. Those that a policy does not allow are "
            "refused.",
            ["operation", "allowed"],
            registry=registry,
        )
        self._by_policy = Counter(
            "slimgate_policy_admissions",
            "Admissions in which a policy found something, by what its mode made of it. An "
            "admission counts once per policy.",
            ["policy", "workload_namespace", "effect"],
            registry=registry,
        )
        self._unknown = Counter(
            "slimgate_admission_unknown_findings",
            "Checks at admission whose result was unknown, so that onUnknown decided, by reason.",
            LABELS,
            registry=registry,
        )
        self._invalid = Counter(
            "slimgate_webhook_invalid_requests",
            "Requests to the webhook that were not an admission review, by HTTP status.",
            ["code"],
            registry=registry,
        )
        for operation in _JUDGED:
            for fault in sorted(FAULTS):
                for allowed in ("true", "false"):
                    self._admissions.labels(operation, fault, allowed)
            for allowed in ("true", "false"):
                self._exceptions.labels(operation, allowed)
        for check, reason in expected(sorted(FAULTS - {*IMAGE_REASONS})):
            self._unknown.labels(check, reason)
        for code in _CODES:
            self._invalid.labels(str(code))

    def admission(self, operation: str, outcome: str, seconds: float, *, allowed: bool) -> None:
        """Count an answer."""
        known = operation if operation in _OPERATIONS else OTHER
        self._admissions.labels(known, outcome, "true" if allowed else "false").inc()
        self._seconds.observe(seconds)

    def exception(self, operation: str, *, allowed: bool) -> None:
        """Count an answer about a SlimException, which takes memory alone and so no time."""
        known = operation if operation in _OPERATIONS else OTHER
        self._exceptions.labels(known, "true" if allowed else "false").inc()

    def found(
        self, namespace: str, effects: Mapping[str, Effect], unknown: Iterable[tuple[str, str]]
    ) -> None:
        """Count what policies found in an admission."""
        for policy, effect in effects.items():
            place = self._places.labels(policy, namespace)
            self._by_policy.labels(*place, effect.value).inc()
        for check, reason in unknown:
            self._unknown.labels(check, reason).inc()

    def keep_policies(self, policies: Collection[str]) -> None:
        """Forget what policies found that are gone: others need their series."""
        for place, effect in product(self._places.keep(policies), Effect):
            self._by_policy.remove(*place, effect.value)

    def invalid_request(self, status: int) -> None:
        """Count a request that was no admission."""
        self._invalid.labels(str(status)).inc()


class Serving(Protocol):
    """The webhook's server."""

    @property
    def in_flight(self) -> int:
        """Admissions that are being answered."""

    @property
    def certificate_expires(self) -> float | None:
        """When the certificate in use ends, in Unix time; None where there is none."""


class ServingCollector(Collector):
    """The server at the time of the scrape."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Look at it."""
        yield GaugeMetricFamily(
            "slimgate_admissions_in_flight",
            "Admission reviews of workloads that are being answered.",
            value=self._serving.in_flight,
        )
        certificate = GaugeMetricFamily(
            "slimgate_webhook_certificate_expiration_timestamp_seconds",
            CERTIFICATE_EXPIRY,
        )
        if (expires := self._serving.certificate_expires) is not None:
            certificate.add_metric([], expires)
        yield certificate
