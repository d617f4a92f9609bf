"""Counting what happens: right series, few series, and the signatures that the ports ask for."""

import inspect
from collections.abc import Mapping

import pytest
from prometheus_client import CollectorRegistry

from slimgate.cluster.pull_secrets import PullSecretObserver
from slimgate.engine.ports import InspectionObserver
from slimgate.metrics import Metrics
from slimgate.metrics.events import FAULTS, RegistryMetrics
from slimgate.registry.settings import RegistryObserver
from slimgate.webhook import service
from slimgate.webhook.ports import AdmissionObserver
from tests.metrics.series import series

OUTCOMES = [
    (200, "200"),
    (206, "206"),
    (204, "2xx"),
    (307, "3xx"),
    (401, "401"),
    (418, "4xx"),
    (429, "429"),
    (503, "503"),
    (599, "5xx"),
    (999, "other"),
    (0, "other"),
    ("unavailable", "unavailable"),
]


def value(metrics: Metrics, name: str, labels: Mapping[str, str] | None = None) -> float | None:
    """Return one series' value."""
    return metrics.registry.get_sample_value(name, dict(labels or {}))


def test_observers() -> None:
    """It is every observer that there is, with the parameters that callers name."""
    metrics = Metrics()
    admissions: AdmissionObserver = metrics
    inspections: InspectionObserver = metrics
    registries: RegistryObserver = metrics
    secrets: PullSecretObserver = metrics

    for port, mine, names in (
        (AdmissionObserver, admissions, ("admission", "refused")),
        (InspectionObserver, inspections, ("looked_up",)),
        (RegistryObserver, registries, ("request", "rate_limit", "not_asked")),
        (PullSecretObserver, secrets, ("pull_secret_skipped",)),
    ):
        assert {n for n in vars(port) if not n.startswith("_")} == set(names)
        for name in names:
            wanted = [*inspect.signature(getattr(port, name)).parameters.values()][1:]
            assert [*inspect.signature(getattr(mine, name)).parameters.values()] == wanted


def test_faults_are_those_of_the_webhook() -> None:
    """What counts as an error here is what the webhook calls a fault."""
    assert frozenset(service.FAULTS) == FAULTS


def test_admissions() -> None:
    """Answers are counted by operation, outcome and decision, and timed."""
    metrics = Metrics()

    metrics.admission("CREATE", "deny", 0.003, allowed=False)
    metrics.admission("CREATE", "deny", 0.2, allowed=False)
    metrics.admission("UPDATE", "unchanged", 0.0001, allowed=True)

    assert series(metrics.registry, "slimgate_admissions_total") == {
        (("allowed", "false"), ("operation", "CREATE"), ("outcome", "deny")): 2.0,
        (("allowed", "true"), ("operation", "UPDATE"), ("outcome", "unchanged")): 1.0,
    }
    name = "slimgate_admission_duration_seconds"
    assert value(metrics, f"{name}_count") == 3
    assert value(metrics, f"{name}_sum") == pytest.approx(0.2031)
    assert value(metrics, f"{name}_bucket", {"le": "0.005"}) == 2


def test_admission_errors() -> None:
    """Each fault has its series from the start, and counts as an admission too."""
    metrics = Metrics()
    metrics.admission("CREATE", "late", 5.0, allowed=True)
    metrics.refused(400)

    assert series(metrics.registry, "slimgate_admission_errors_total") == {
        (("reason", "late"),): 1.0,
        (("reason", "error"),): 0.0,
        (("reason", "overloaded"),): 0.0,
    }
    assert value(metrics, "slimgate_admission_refused_total", {"status": "400"}) == 1
    assert value(metrics, "slimgate_admission_duration_seconds_count") == 1


def test_inspections() -> None:
    """Failures are counted by reason but timed together."""
    metrics = Metrics()
    for outcome in ("cached", "cached", "not_found", "unavailable"):
        metrics.looked_up(outcome, 0.5)
    metrics.pull_secret_skipped("forbidden", "secret a/b can't be read")

    counted = series(metrics.registry, "slimgate_inspections_total")
    assert counted == {
        (("outcome", "cached"),): 2.0,
        (("outcome", "not_found"),): 1.0,
        (("outcome", "unavailable"),): 1.0,
    }
    name = "slimgate_inspection_duration_seconds_count"
    assert series(metrics.registry, name) == {
        (("outcome", "cached"),): 2.0,
        (("outcome", "failed"),): 2.0,
    }
    name = "slimgate_pull_secrets_skipped_total"
    assert series(metrics.registry, name) == {(("reason", "forbidden"),): 1.0}


@pytest.mark.parametrize(("outcome", "label"), OUTCOMES)
def test_outcomes_of_requests(outcome: int | str, label: str) -> None:
    """Statuses that say something have a series, all others one for each class."""
    metrics = Metrics()
    metrics.request("r.io", "GET", 200, 0.1)
    metrics.request("r.io", "HEAD", outcome, 0.1)

    labels = {"registry": "r.io", "method": "HEAD", "outcome": label}
    assert value(metrics, "slimgate_registry_requests_total", labels) == 1


def test_registries_that_never_answer() -> None:
    """Names that only fail take no series: anyone can make them up."""
    metrics = Metrics()
    for number in range(100):
        metrics.request(f"r{number}.evil.test", "HEAD", "unavailable", 0.1)
    metrics.request("r.io", "HEAD", "unavailable", 0.1)
    metrics.request("r.io", "HEAD", 401, 0.1)
    metrics.request("r.io", "HEAD", "unavailable", 0.1)

    assert series(metrics.registry, "slimgate_registry_requests_total") == {
        (("method", "HEAD"), ("outcome", "unavailable"), ("registry", "other")): 101.0,
        (("method", "HEAD"), ("outcome", "401"), ("registry", "r.io")): 1.0,
        (("method", "HEAD"), ("outcome", "unavailable"), ("registry", "r.io")): 1.0,
    }


def test_requests_that_were_not_sent() -> None:
    """They are no requests, and a registry that never answered takes no series by them either."""
    metrics = Metrics()
    metrics.request("r.io", "HEAD", 200, 0.1)
    for host in ("r.io", "r.io", "evil.test"):
        metrics.not_asked(host, "unavailable")
    metrics.not_asked("r.io", "rate_limited")

    assert series(metrics.registry, "slimgate_registry_not_asked_total") == {
        (("reason", "unavailable"), ("registry", "r.io")): 2.0,
        (("reason", "unavailable"), ("registry", "other")): 1.0,
        (("reason", "rate_limited"), ("registry", "r.io")): 1.0,
    }
    assert sum(series(metrics.registry, "slimgate_registry_requests_total").values()) == 1


def test_number_of_registries_is_bounded() -> None:
    """Registries beyond the limit are counted together, and their rate limits are not kept."""
    registry = CollectorRegistry()
    metrics = RegistryMetrics(registry, max_registries=2)
    for host in ("a", "b", "c", "a"):
        metrics.request(host, "GET", 200, 0.1)
        metrics.rate_limit(host, 7)
    metrics.rate_limit("a", 6)

    assert series(registry, "slimgate_registry_request_duration_seconds_count") == {
        (("registry", "a"),): 2.0,
        (("registry", "b"),): 1.0,
        (("registry", "other"),): 1.0,
    }
    assert series(registry, "slimgate_registry_rate_limit_remaining_pulls") == {
        (("registry", "a"),): 6.0,
        (("registry", "b"),): 7.0,
    }


def test_a_rate_limit_is_heard_before_its_request_ends() -> None:
    """A registry that names its limit answers, so that its first word counts."""
    metrics = Metrics()
    metrics.rate_limit("docker.io", 99)

    labels = {"registry": "docker.io"}
    assert value(metrics, "slimgate_registry_rate_limit_remaining_pulls", labels) == 99
