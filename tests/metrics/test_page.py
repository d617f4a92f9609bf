"""The page: what Prometheus' own linter accepts, and only what is of use."""

import shutil
import subprocess

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from slimgate.core.finding import Outcome
from slimgate.metrics import Metrics, exposition
from tests.metrics import test_nodes, test_state


@pytest.fixture
def full() -> Metrics:
    """Make metrics of which every one has a series."""
    metrics = Metrics()
    metrics.admission("CREATE", "deny", 0.1, allowed=False)
    metrics.refused(400)
    metrics.looked_up("fetched", 0.1)
    metrics.pull_secret_skipped("forbidden", "")
    metrics.request("r.io", "GET", 200, 0.1)
    metrics.not_asked("r.io", "unavailable")
    metrics.rate_limit("r.io", 9)
    found = test_state.finding("strict", "layers", Outcome.WARN)
    known = test_state.Known([test_state.verdict("strict", findings=(found,))])
    metrics.show_workloads(known, lambda: ["strict"])
    metrics.show_mirrors({"nodes": test_state.Mirrored(3, 1.5)})
    disk = test_nodes.disk(*test_nodes.PODS, image_fs=test_nodes.MEASURED)
    metrics.show_nodes(test_nodes.Known([disk]))
    return metrics


def test_promtool_accepts_it(full: Metrics) -> None:
    """Prometheus' linter finds nothing to say of names, units and help texts."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")

    told = subprocess.run(
        [promtool, "check", "metrics"], input=full.page(), capture_output=True, check=False
    )

    assert (told.returncode, told.stdout + told.stderr) == (0, b"")


def test_every_metric_has_a_series(full: Metrics) -> None:
    """The page that is linted shows all metrics."""
    families = [*text_string_to_metric_families(full.page().decode())]

    assert [family.name for family in families if not family.samples] == []
    assert all(family.documentation.endswith(".") for family in families)


def test_names(full: Metrics) -> None:
    """All metrics but those of the process itself have the prefix, and none tells its creation."""
    samples = {
        sample.name
        for family in text_string_to_metric_families(full.page().decode())
        for sample in family.samples
    }

    prefixes = {name.partition("_")[0] for name in samples}
    assert prefixes == {"slimgate", "process"}
    assert not [name for name in samples if name.endswith("_created")]


def test_registries_are_separate() -> None:
    """Two sets of metrics in one process share nothing; a registry may be given."""
    registry = CollectorRegistry()
    one, other = Metrics(registry), Metrics()
    one.looked_up("cached", 0.1)

    assert one.page().count(b'outcome="cached"') > 0
    assert other.page().count(b'outcome="cached"') == 0
    assert b'slimgate_inspections_total{outcome="cached"} 1.0' in exposition(registry)


def test_build(full: Metrics) -> None:
    """The version that runs is told."""
    assert b'slimgate_build_info{version="' in full.page()
