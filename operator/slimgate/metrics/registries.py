"""Counts what was asked of registries, and how many pulls they still allow.

Implements registry.settings.RegistryObserver without importing it.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from slimgate.core.errors import RateLimitedError, UnavailableError
from slimgate.metrics.bounded import MAX_REGISTRIES, OTHER, Hosts
from slimgate.metrics.statuses import outcome_label

_STATUSES: Final = frozenset({200, 206, 401, 403, 404, 416, 429, 500, 502, 503, 504})
_SKIPPED: Final = (RateLimitedError.reason, UnavailableError.reason)
_SECONDS: Final = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0,
)  # fmt: skip
"""A request may take 10 s; a layer that is read whole a minute, and the largest an hour."""


class RegistryMetrics:
    """Requests to registries and their token servers."""

    def __init__(self, registry: CollectorRegistry, max_registries: int = MAX_REGISTRIES) -> None:
        self._hosts = Hosts(max_registries)
        self._begun: set[str] = set()
        self._requests = Counter(
            "slimgate_registry_requests",
            "Requests to registries and their token servers, by HTTP status or the reason of a "
            "failure.",
            ["registry", "method", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "slimgate_registry_request_duration_seconds",
            "Time from sending a request to a registry to having read its answer, including "
            "redirects.",
            ["registry"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._skipped = Counter(
            "slimgate_registry_requests_skipped",
            "Requests not sent because their registry had asked for fewer or had stopped "
            "answering.",
            ["registry", "reason"],
            registry=registry,
        )
        self._remaining = Gauge(
            "slimgate_registry_rate_limit_remaining_pulls",
            "Pulls that a registry still allows in its window, as it last said.",
            ["registry"],
            registry=registry,
        )

        self._work = Counter(
            "slimgate_unpack_cpu_seconds",
            "CPU time spent on unpacking layers and on judging the ends of larger ones.",
            registry=registry,
        )
        self._put_off = Counter(
            "slimgate_unpack_put_off_seconds",
            "Time for which layers had to wait because their namespace had used up its share of "
            "CPU time for unpacking.",
            registry=registry,
        )

    def request(self, host: str, method: str, outcome: int | str, seconds: float) -> None:
        """Count a request."""
        label = self._hosts.label(host, answers=isinstance(outcome, int))
        if label not in self._begun:
            self._begun.add(label)
            for reason in _SKIPPED:
                self._skipped.labels(label, reason)
        self._requests.labels(label, method, outcome_label(outcome, _STATUSES)).inc()
        self._seconds.labels(label).observe(seconds)

    def request_skipped(self, host: str, reason: str) -> None:
        """Count a request that was not sent."""
        self._skipped.labels(self._hosts.label(host, answers=False), reason).inc()

    def rate_limit(self, host: str, remaining: int) -> None:
        """Keep what a registry said; of those under OTHER there is nothing sensible to keep."""
        label = self._hosts.label(host, answers=True)
        if label != OTHER:
            self._remaining.labels(label).set(remaining)

    def worked(self, seconds: float) -> None:
        """Count CPU time."""
        self._work.inc(seconds)

    def put_off(self, seconds: float) -> None:
        """Count time that a namespace has to wait."""
        self._put_off.inc(seconds)
