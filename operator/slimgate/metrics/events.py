"""Counts what happens: admissions, look-ups, requests to registries.

Implements, without importing them, webhook.ports.AdmissionObserver,
registry.settings.RegistryObserver and cluster.pull_secrets.PullSecretObserver, and
engine.ports.InspectionObserver. An admission costs 2 microseconds here.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from slimgate.metrics.hosts import OTHER, Hosts

FAULTS: Final = frozenset({"error", "late", "overloaded"})
"""Outcomes of admissions that slimgate failed to judge; webhook.service calls them so."""
MAX_REGISTRIES: Final = 50

_FAST: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
_SLOW: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SOURCES: Final = frozenset({"cached", "fetched", "stale"})
_STATUSES: Final = frozenset({200, 206, 401, 403, 404, 416, 429, 500, 502, 503, 504})
_CLASSES: Final = range(1, 6)


class AdmissionMetrics:
    """What the webhook answered, and how fast."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._admissions = Counter(
            "slimgate_admissions",
            "Admission reviews answered. The outcome is the verdict before any mode is applied, "
            "or why none was needed (operation, no_images, unchanged, mirror, owned), or why "
            "none was reached (late, overloaded, error).",
            ["operation", "outcome", "allowed"],
            registry=registry,
        )
        self._seconds = Histogram(
            "slimgate_admission_duration_seconds",
            "From having read an admission review to having written its answer.",
            buckets=_FAST,
            registry=registry,
        )
        self._errors = Counter(
            "slimgate_admission_errors",
            "Admission reviews that slimgate failed to judge, so that onUnknown decided: late, "
            "overloaded or error. Counted as admissions too.",
            ["reason"],
            registry=registry,
        )
        self._refused = Counter(
            "slimgate_admission_refused",
            "Requests to the webhook that were no admission review, by HTTP status.",
            ["status"],
            registry=registry,
        )
        for fault in sorted(FAULTS):
            self._errors.labels(fault)

    def admission(self, operation: str, outcome: str, seconds: float, *, allowed: bool) -> None:
        """Count an answer."""
        self._admissions.labels(operation, outcome, "true" if allowed else "false").inc()
        self._seconds.observe(seconds)
        if outcome in FAULTS:
            self._errors.labels(outcome).inc()

    def refused(self, status: int) -> None:
        """Count a request that was no admission."""
        self._refused.labels(str(status)).inc()


class InspectionMetrics:
    """How facts about images were had."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._inspections = Counter(
            "slimgate_inspections",
            "Look-ups of image references: cached, fetched, stale (a registry is down and an "
            "old answer served), or the reason of a failure.",
            ["outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "slimgate_inspection_duration_seconds",
            "How long look-ups of image references took: cached, fetched, stale or failed.",
            ["outcome"],
            buckets=_FAST,
            registry=registry,
        )
        self._skipped = Counter(
            "slimgate_pull_secrets_skipped",
            "Pull secrets and service accounts that could not be used, by reason.",
            ["reason"],
            registry=registry,
        )

    def looked_up(self, outcome: str, seconds: float) -> None:
        """Count a look-up."""
        self._inspections.labels(outcome).inc()
        self._seconds.labels(outcome if outcome in _SOURCES else "failed").observe(seconds)

    def pull_secret_skipped(self, reason: str, message: str) -> None:
        """Count a pull secret that was left out."""
        del message
        self._skipped.labels(reason).inc()


class RegistryMetrics:
    """What was asked of registries, and how many pulls they still allow."""

    def __init__(self, registry: CollectorRegistry, max_registries: int = MAX_REGISTRIES) -> None:
        self._hosts = Hosts(max_registries)
        self._requests = Counter(
            "slimgate_registry_requests",
            "Requests to registries and their token servers, by HTTP status or the reason of a "
            "failure. Registries that never answered are counted as other.",
            ["registry", "method", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "slimgate_registry_request_duration_seconds",
            "From sending a request to a registry to having read its answer, redirects included.",
            ["registry"],
            buckets=_SLOW,
            registry=registry,
        )
        self._not_asked = Counter(
            "slimgate_registry_not_asked",
            "Requests that were not sent: their registry had asked for fewer, or had stopped "
            "answering.",
            ["registry", "reason"],
            registry=registry,
        )
        self._remaining = Gauge(
            "slimgate_registry_rate_limit_remaining_pulls",
            "Pulls that a registry still allows in its window, as it said last.",
            ["registry"],
            registry=registry,
        )

    def request(self, host: str, method: str, outcome: int | str, seconds: float) -> None:
        """Count a request."""
        label = self._hosts.label(host, answers=isinstance(outcome, int))
        self._requests.labels(label, method, _outcome(outcome)).inc()
        self._seconds.labels(label).observe(seconds)

    def not_asked(self, host: str, reason: str) -> None:
        """Count a request that was not sent."""
        self._not_asked.labels(self._hosts.label(host, answers=False), reason).inc()

    def rate_limit(self, host: str, remaining: int) -> None:
        """Keep what a registry said; of those under `other` there is nothing sensible to keep."""
        label = self._hosts.label(host, answers=True)
        if label != OTHER:
            self._remaining.labels(label).set(remaining)


def _outcome(outcome: int | str) -> str:
    """Write a status; of those that say little only the class, since registries choose them."""
    if isinstance(outcome, str) or outcome in _STATUSES:
        return str(outcome)
    return f"{outcome // 100}xx" if outcome // 100 in _CLASSES else OTHER
