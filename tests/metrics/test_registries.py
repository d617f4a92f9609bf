"""Requests to registries: right series, and few of them."""

from prometheus_client import CollectorRegistry

from slimgate.metrics.registries import RegistryMetrics
from slimgate.registry.settings import RegistrySettings
from tests.metrics.series import bounds, by

REQUESTS = "slimgate_registry_requests_total"


def made(max_registries: int = 50) -> tuple[CollectorRegistry, RegistryMetrics]:
    """Make metrics of registries alone."""
    registry = CollectorRegistry()
    return registry, RegistryMetrics(registry, max_registries)


def test_registries_that_never_answer() -> None:
    """Names that only fail take no series: anyone can make them up."""
    registry, metrics = made()
    for number in range(100):
        metrics.request(f"r{number}.evil.test", "HEAD", "unavailable", 0.1)
    metrics.request("r.io", "HEAD", "unavailable", 0.1)
    metrics.request("r.io", "HEAD", 401, 0.1)
    metrics.request("r.io", "HEAD", "unavailable", 0.1)

    assert by(registry, REQUESTS) == {
        ("HEAD", "unavailable", "_other"): 101.0,
        ("HEAD", "401", "r.io"): 1.0,
        ("HEAD", "unavailable", "r.io"): 1.0,
    }


def test_statuses_that_registries_choose() -> None:
    """Those that say little are counted by their class."""
    registry, metrics = made()
    for status in (200, 206, 429, 418, 777):
        metrics.request("r.io", "GET", status, 0.1)

    outcomes = {outcome for _, outcome, _ in by(registry, REQUESTS)}
    assert outcomes == {"200", "206", "429", "4xx", "_other"}


def test_requests_that_were_not_sent() -> None:
    """They are not requests, and a registry that never answered takes no series by them either."""
    registry, metrics = made()
    metrics.request("r.io", "HEAD", 200, 0.1)
    for host in ("r.io", "r.io", "evil.test"):
        metrics.request_skipped(host, "unavailable")
    metrics.request_skipped("r.io", "rate_limited")

    assert by(registry, "slimgate_registry_requests_skipped_total") == {
        ("unavailable", "r.io"): 2.0,
        ("unavailable", "_other"): 1.0,
        ("rate_limited", "r.io"): 1.0,
    }
    metrics.request("quay.io", "HEAD", 200, 0.1)
    skipped = by(registry, "slimgate_registry_requests_skipped_total")
    assert skipped["unavailable", "quay.io"] == skipped["rate_limited", "quay.io"] == 0
    assert sum(by(registry, REQUESTS).values()) == 2


def test_number_of_registries_is_bounded() -> None:
    """Registries beyond the limit are counted together, and their rate limits are not kept."""
    registry, metrics = made(max_registries=2)
    for host in ("a", "b", "c", "a"):
        metrics.request(host, "GET", 200, 0.1)
        metrics.rate_limit(host, 7)
    metrics.rate_limit("a", 6)

    durations = by(registry, "slimgate_registry_request_duration_seconds_count")
    assert durations == {("a",): 2.0, ("b",): 1.0, ("_other",): 1.0}
    remaining = by(registry, "slimgate_registry_rate_limit_remaining_pulls")
    assert remaining == {("a",): 6.0, ("b",): 7.0}


def test_a_rate_limit_is_heard_before_its_request_ends() -> None:
    """A registry that names its limit answers, so that its first word counts."""
    registry, metrics = made()
    metrics.rate_limit("docker.io", 99)

    remaining = by(registry, "slimgate_registry_rate_limit_remaining_pulls")
    assert remaining == {("docker.io",): 99}


def test_buckets_reach_the_deadlines() -> None:
    """A request that takes all of its time, or a layer all that any may, is in a finite bucket."""
    registry, metrics = made()
    metrics.request("r.io", "GET", 200, 0.1)
    settings = RegistrySettings()
    longest = settings.for_layer(2**50).layer_seconds

    found = bounds(registry, "slimgate_registry_request_duration_seconds")
    assert {settings.request_seconds, settings.layer_seconds, longest} <= found
