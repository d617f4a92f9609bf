"""How facts were had: results, reasons of failures, and pull secrets that were of no use."""

from slimgate.core.errors import IMAGE_REASONS
from slimgate.metrics import ControllerMetrics
from tests.metrics.series import by


def test_inspections() -> None:
    """Failures are counted by reason and timed together; what has not happened yet is zero."""
    metrics = ControllerMetrics()
    for outcome in ("cached", "cached", "not_found", "unavailable"):
        metrics.looked_up(outcome, 0.5)

    assert by(metrics.registry, "slimgate_inspection_duration_seconds_count") == {
        ("cached",): 2.0,
        ("fetched",): 0.0,
        ("stale",): 0.0,
        ("failed",): 2.0,
    }
    failures = by(metrics.registry, "slimgate_inspection_failures_total")
    assert failures == {(r,): float(r in {"not_found", "unavailable"}) for r in IMAGE_REASONS}


def test_pull_secrets() -> None:
    """The message, which names the secret, becomes no label."""
    metrics = ControllerMetrics()
    metrics.pull_secret_skipped("forbidden", "secret a/b can't be read")

    assert by(metrics.registry, "slimgate_pull_secrets_skipped_total") == {
        ("forbidden",): 1.0,
        ("missing",): 0.0,
        ("other_type",): 0.0,
    }
