"""The controller's work: what waits, and what takes how long."""

from dataclasses import dataclass

from slimgate.controller.reconciler import ReconcilerSettings
from slimgate.metrics import ControllerMetrics
from tests.metrics.series import bounds, by


@dataclass
class Waiting:
    """A queue as a test wants it."""

    waiting: int
    active: int


@dataclass
class Leading:
    """A controller that leads, or stands by."""

    leads: bool = True


def test_who_leads() -> None:
    """It is seen at each scrape; until this one leads it shows no state that another has."""
    controller, metrics = Leading(leads=False), ControllerMetrics()
    metrics.show_leadership(controller)
    standby = metrics.page().decode()
    controller.leads = True

    assert "slimgate_leader 0.0" in standby
    assert "slimgate_workloads" not in standby
    assert by(metrics.registry, "slimgate_leader") == {(): 1}


def test_queue() -> None:
    """Those that wait and those at work add up to all."""
    queue = Waiting(5, 2)
    metrics = ControllerMetrics()
    metrics.show_queue(queue)

    assert by(metrics.registry, "slimgate_queue_workloads") == {("waiting",): 5, ("active",): 2}


def test_times() -> None:
    """Waiting, judging, and all of it with what failed apart."""
    metrics = ControllerMetrics()
    metrics.waited(0.5)
    metrics.reached_verdict(0.1)
    metrics.reconciled(0.2, failed=False)
    metrics.reconciled(0.2, failed=True)
    metrics.reconciled(0.2, failed=True)

    assert by(metrics.registry, "slimgate_queue_wait_duration_seconds_sum") == {(): 0.5}
    assert by(metrics.registry, "slimgate_judge_duration_seconds_sum") == {(): 0.1}
    assert by(metrics.registry, "slimgate_reconcile_duration_seconds_count") == {
        ("success",): 1.0,
        ("error",): 2.0,
    }


def test_buckets_reach_the_deadline() -> None:
    """A verdict that takes all of its time is in a finite bucket."""
    metrics = ControllerMetrics()
    deadline = ReconcilerSettings().judge_seconds

    assert deadline in bounds(metrics.registry, "slimgate_judge_duration_seconds")
    metrics.reconciled(0.1, failed=False)
    assert deadline in bounds(metrics.registry, "slimgate_reconcile_duration_seconds")
