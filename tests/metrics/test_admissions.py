"""What the webhook answered: verdicts, effects of policies, what was unknown or no review."""

from dataclasses import dataclass

import pytest
from prometheus_client import CollectorRegistry

from slimgate.core.admission.decision import Effect
from slimgate.engine.catalog import Catalog
from slimgate.metrics import WebhookMetrics
from slimgate.metrics.admissions import FAULTS, AdmissionMetrics
from slimgate.metrics.bounded import MAX_PLACES, MAX_POLICIES
from slimgate.webhook import service
from slimgate.webhook.deadline import Deadline
from tests.engine.cluster import policy
from tests.metrics.series import bounds, by

ADMISSIONS = "slimgate_admissions_total"
BY_POLICY = "slimgate_policy_admissions_total"


@dataclass
class Server:
    """A server as a test wants it."""

    in_flight: int = 0
    certificate_expires: float | None = None


def made() -> tuple[CollectorRegistry, AdmissionMetrics]:
    """Make metrics of admissions alone."""
    registry = CollectorRegistry()
    return registry, AdmissionMetrics(registry)


def test_faults_are_those_of_the_webhook() -> None:
    """What has a series from the start is what the webhook calls a fault."""
    assert frozenset(service.FAULTS) == FAULTS


def test_admissions() -> None:
    """Answers are counted by operation, outcome and decision, and timed; faults start at zero."""
    registry, metrics = made()
    metrics.admission("CREATE", "deny", 0.003, allowed=False)
    metrics.admission("CREATE", "deny", 0.2, allowed=False)
    metrics.admission("UPDATE", "unchanged", 0.0001, allowed=True)
    metrics.admission("other", "operation", 0.0001, allowed=True)
    metrics.admission("CREATE", "late", 5.0, allowed=True)

    counted = {labels: number for labels, number in by(registry, ADMISSIONS).items() if number}
    assert counted == {
        ("false", "CREATE", "deny"): 2.0,
        ("true", "UPDATE", "unchanged"): 1.0,
        ("true", "_other", "operation"): 1.0,
        ("true", "CREATE", "late"): 1.0,
    }
    zeros = by(registry, ADMISSIONS).keys() - counted.keys()
    assert len(zeros) == 2 * 2 * len(FAULTS) - 1
    name = "slimgate_admission_duration_seconds"
    assert by(registry, f"{name}_count") == {(): 5.0}
    assert by(registry, f"{name}_sum")[()] == pytest.approx(5.2032)


def test_exceptions() -> None:
    """Reviews of exceptions are counted by themselves: those that are refused are no denials."""
    registry, metrics = made()
    metrics.exception("CREATE", allowed=False)
    metrics.exception("CREATE", allowed=False)
    metrics.exception("UPDATE", allowed=True)
    metrics.exception("whatever", allowed=True)

    assert by(registry, "slimgate_exception_admissions_total") == {
        ("false", "CREATE"): 2.0,
        ("true", "CREATE"): 0.0,
        ("false", "UPDATE"): 0.0,
        ("true", "UPDATE"): 1.0,
        ("true", "_other"): 1.0,
    }
    assert not any(by(registry, ADMISSIONS).values())
    assert by(registry, "slimgate_admission_duration_seconds_count") == {(): 0.0}


def test_buckets_reach_the_deadlines() -> None:
    """Time-outs of 1, 5, 10 and 30 seconds, the longest there may be, are bounds of buckets."""
    registry, _ = made()
    longest = Deadline(default_seconds=10.0, margin_seconds=0.0).seconds("9m")

    found = bounds(registry, "slimgate_admission_duration_seconds")
    assert {1.0, 5.0, 10.0, longest} <= found


def test_policies() -> None:
    """An admission counts for each policy that found something, in the workload's namespace."""
    registry, metrics = made()
    metrics.found("shop", {"strict": Effect.DENIED, "lax": Effect.NOTED}, ())
    metrics.found("shop", {"strict": Effect.DENIED}, [("inspection", "not_found")])
    metrics.found("blog", {"strict": Effect.WARNED}, [("growth", "not_found")] * 2)

    assert by(registry, BY_POLICY) == {
        ("denied", "strict", "shop"): 2.0,
        ("noted", "lax", "shop"): 1.0,
        ("warned", "strict", "blog"): 1.0,
    }
    unknown = by(registry, "slimgate_admission_unknown_findings_total")
    assert {labels: number for labels, number in unknown.items() if number} == {
        ("inspection", "not_found"): 1.0,
        ("growth", "not_found"): 2.0,
    }
    zero = {("inspection", "late"), ("inspection", "unavailable"), ("growth", "undetermined")}
    assert zero <= unknown.keys()


def test_policies_that_are_gone() -> None:
    """Their series go, and however many come after them have series of their own."""
    registry, metrics = made()
    for number in range(3 * MAX_POLICIES):
        metrics.keep_policies({"stays", f"p{number}"})
        metrics.found("shop", {"stays": Effect.NOTED, f"p{number}": Effect.DENIED}, ())

    assert by(registry, BY_POLICY) == {
        ("noted", "stays", "shop"): 3.0 * MAX_POLICIES,
        ("denied", f"p{number}", "shop"): 1.0,
    }


def test_a_broken_policy_that_is_gone() -> None:
    """What it counted goes with it, though it makes no verdict another."""
    metrics, catalog = WebhookMetrics(), Catalog()
    metrics.follow_policies(catalog)
    counted = []
    catalog.put_policy(policy("stays"))
    for change in (policy("edited"), policy("edited", limits={"pullSize": {"deny": "a lot"}})):
        catalog.put_policy(change)
        metrics.found("shop", {"stays": Effect.NOTED, "edited": Effect.DENIED}, ())
        counted.append({name for _, name, _ in by(metrics.registry, BY_POLICY)})
    catalog.drop_policy("edited")
    counted.append({name for _, name, _ in by(metrics.registry, BY_POLICY)})

    assert counted == [{"stays", "edited"}, {"stays", "edited"}, {"stays"}]


def test_many_namespaces() -> None:
    """Namespaces that come and go for ever take no more series, and no admission is lost."""
    registry, metrics = made()
    for number in range(2 * MAX_PLACES):
        metrics.found(f"preview-{number}", {"strict": Effect.DENIED}, ())

    counted = by(registry, BY_POLICY)
    assert len(counted) == MAX_PLACES + 1
    assert counted["denied", "strict", "_other"] == MAX_PLACES
    assert sum(counted.values()) == 2 * MAX_PLACES


def test_what_is_no_review() -> None:
    """It is counted by the status that it got."""
    registry, metrics = made()
    metrics.invalid_request(400)

    counted = by(registry, "slimgate_webhook_invalid_requests_total")
    assert {labels for labels, number in counted.items() if number} == {("400",)}
    assert ("413",) in counted


def test_serving() -> None:
    """What is in flight, and when the certificate ends: no series where there is none."""
    server = Server()
    metrics = WebhookMetrics()
    metrics.show_serving(server)
    expiry = "slimgate_webhook_certificate_expiration_timestamp_seconds"
    assert by(metrics.registry, "slimgate_admissions_in_flight") == {(): 0}
    assert by(metrics.registry, expiry) == {}

    server.in_flight, server.certificate_expires = 3, 1.8e9

    assert by(metrics.registry, "slimgate_admissions_in_flight") == {(): 3}
    assert by(metrics.registry, expiry) == {(): 1.8e9}
