"""Counts look-ups of images by how they ended.

Implements engine.ports.InspectionObserver and, without importing it,
cluster.pull_secrets.PullSecretObserver.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from slimgate.core.errors import IMAGE_REASONS

_SECONDS: Final = (
    0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0,
)  # fmt: skip
"""Up to what reading the largest layer may take."""
_FAILED: Final = "failed"
_RESULTS: Final = ("cached", "fetched", "stale", _FAILED)
_SKIPPED: Final = ("forbidden", "missing", "other_type")


class InspectionMetrics:
    """Look-ups of image references, and pull secrets that were of no use for them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "slimgate_inspection_duration_seconds",
            "Time to look up an image. It is stale if its registry was down and an old answer was "
            "used.",
            ["result"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._failures = Counter(
            "slimgate_inspection_failures",
            "Image look-ups that failed, by reason.",
            ["reason"],
            registry=registry,
        )
        self._skipped = Counter(
            "slimgate_pull_secrets_skipped",
            "Pull secrets and service accounts that could not be used, by reason.",
            ["reason"],
            registry=registry,
        )
        for result in _RESULTS:
            self._seconds.labels(result)
        for reason in IMAGE_REASONS:
            self._failures.labels(reason)
        for reason in _SKIPPED:
            self._skipped.labels(reason)

    def looked_up(self, outcome: str, seconds: float) -> None:
        """Count a look-up."""
        if outcome in _RESULTS:
            self._seconds.labels(outcome).observe(seconds)
        else:
            self._seconds.labels(_FAILED).observe(seconds)
            self._failures.labels(outcome).inc()

    def pull_secret_skipped(self, reason: str, message: str) -> None:
        """Count a pull secret that was left out."""
        del message
        self._skipped.labels(reason).inc()
