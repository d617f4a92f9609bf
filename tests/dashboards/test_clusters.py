"""All queries on a Prometheus that holds two clusters which share the names of everything."""

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from scripts.dashboards.rules import ALERTS, RECORDINGS
from tests.dashboards.answers import PAGES, Answered, Json, Span, ask
from tests.dashboards.made import CLUSTERS, TIMES, open_metrics
from tests.lab.prometheus import SCRAPE_SECONDS, Prometheus, command

pytestmark = pytest.mark.prometheus
_START_SECONDS: Final = 30.0
_BY_CLUSTER: Final = {
    "Policies", "Nodes", "Alerts", "Namespaces that fill the disks",
    "Workloads that fill the disks", "Images that fill the disks", "Nodes by what is left",
    "Namespaces on all nodes", "Workloads on all nodes", "Workloads of the namespace",
    "Images of the namespace", "Images on the node", "Images and their bases",
    "Workloads that use it", "Nodes that hold it", "Pulls, last hour",
}  # fmt: skip


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Start a Prometheus on the metrics of both."""
    folder = tmp_path_factory.mktemp("prometheus")
    config, metrics, storage = (folder / name for name in ("config.yml", "metrics", "tsdb"))
    config.write_text("global: {}\n", encoding="utf-8")
    began = time.time() - TIMES * SCRAPE_SECONDS
    metrics.write_text(open_metrics(began, SCRAPE_SECONDS), encoding="utf-8")
    making = ("promtool", "tsdb", "create-blocks-from", "openmetrics")
    subprocess.run([*making, str(metrics), str(storage)], check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(command(config, storage, address), stdout=log, stderr=log)
    found = Prometheus(url=f"http://{address}")
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not found.ready():
            assert time.monotonic() < deadline, (folder / "log").read_text(encoding="utf-8")
            time.sleep(0.1)
        yield found
    finally:
        running.terminate()
        running.wait(timeout=30)


@pytest.fixture(scope="module")
def pages(shared: Prometheus) -> Mapping[str, list[Answered]]:
    """Ask all queries of all pages about the time of which there are metrics."""
    end = time.time() - SCRAPE_SECONDS
    span = Span(start=end - (TIMES - 2) * SCRAPE_SECONDS, end=end)
    return {uid: list(ask(page, shared, span)) for uid, page in PAGES.items()}


@pytest.mark.parametrize("uid", PAGES)
def test_every_query_has_an_answer(pages: Mapping[str, list[Answered]], uid: str) -> None:
    """None errs for a name that is in both clusters, and none is empty."""
    answers = [(one.title, answer) for one in pages[uid] for answer in one.answers]

    assert [(title, answer.expr) for title, answer in answers if answer.is_empty] == []


def test_tables_keep_clusters_apart(pages: Mapping[str, list[Answered]]) -> None:
    """A policy or a node of the same name has a row for each cluster."""
    tables = [one for answered in pages.values() for one in answered if one.title in _BY_CLUSTER]

    assert {one.title for one in tables} == _BY_CLUSTER
    for one in tables:
        for number, _ in enumerate(one.answers):
            assert set(one.by("cluster", query=number)) == {(name,) for name in CLUSTERS}


def test_rules_keep_clusters_apart(shared: Prometheus) -> None:
    """Recordings have a value for each cluster, and no alert's query errs."""
    recorded = {rule.record: rule.expr for rule in RECORDINGS}

    for expr in recorded.values():
        assert {labels["cluster"] for labels, _ in shared.now(expr)} == set(CLUSTERS)
    for alert in ALERTS:
        expr = alert.expr
        for name, meaning in recorded.items():
            expr = expr.replace(name, f"({meaning})")
        shared.now(expr)


def test_a_day_counts_from_nothing(shared: Prometheus) -> None:
    """A counter that began within the day counts with its first value, of both clusters."""
    panel = _panel("slimgate-overview", "Refused, 24 h")
    end = time.time()
    page: Json = {"panels": [panel]}
    (asked,) = ask(page, shared, Span(start=end - SCRAPE_SECONDS, end=end))
    raw = 'sum(slimgate_policy_admissions_total{effect="denied"})'
    ((_, counted),) = shared.now(raw, at=end)

    # `increase` stretches what it saw to the time between two scrapes at either end.
    assert counted * 0.98 <= asked.value() <= counted * 1.05


def _panel(uid: str, title: str) -> Json:
    (found,) = (one for one in PAGES[uid]["panels"] if one["title"] == title)
    panel: Json = found
    return panel
