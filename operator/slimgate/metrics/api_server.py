"""Counts requests to the Kubernetes API server.

Implements cluster.wire.ApiObserver without importing it; kopf's requests are counted, too.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from slimgate.metrics.statuses import outcome_label

_STATUSES: Final = frozenset({200, 201, 401, 403, 404, 409, 410, 422, 429, 500, 503, 504})
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Up to the 60 s after which kopf gives up; all others do after 30."""
WATCH: Final = "WATCH"


class ApiServerMetrics:
    """Requests by method; a watch lasts as long as it may, which says nothing."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "slimgate_kubernetes_requests",
            "Requests to the Kubernetes API server, by HTTP status, unreachable or cancelled. A "
            "WATCH counts when it ends.",
            ["method", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "slimgate_kubernetes_request_duration_seconds",
            "Time from sending a request to the Kubernetes API server to having its answer, "
            "without watches.",
            ["method"],
            buckets=_SECONDS,
            registry=registry,
        )

    def api_request(self, method: str, outcome: int | str, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, outcome_label(outcome, _STATUSES)).inc()
        if method != WATCH:
            self._seconds.labels(method).observe(seconds)
