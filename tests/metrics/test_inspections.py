"""How facts were had: results, reasons of failures, bases, and pull secrets of no use."""

from dataclasses import dataclass

from slimgate.core.errors import IMAGE_REASONS
from slimgate.metrics import ControllerMetrics
from tests.metrics.series import by


@dataclass
class Known:
    """Bases as a test wants them."""

    unresolved: int


def test_bases() -> None:
    """What can't be found is counted at the time of the scrape."""
    bases, metrics = Known(2), ControllerMetrics()
    metrics.show_bases(bases)
    seen = [by(metrics.registry, "slimgate_unresolved_base_references")]
    bases.unresolved = 0
    seen.append(by(metrics.registry, "slimgate_unresolved_base_references"))

    assert seen == [{(): 2}, {(): 0}]


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
