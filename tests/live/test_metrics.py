"""The metrics of real roles, while they work: those that are documented, with figures in them."""

import re
import time
from functools import partial

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.live.api import eventually
from tests.live.programs import Program
from tests.live.room import Room
from tests.live.shelf import FAT, TINY
from tests.live.site import Site
from tests.metrics import documented

pytestmark = pytest.mark.lab

EXPIRY = "slimgate_webhook_certificate_expiration_timestamp_seconds"
OF_NODES = re.compile(
    r"slimgate_(node_|cluster_|tier_|image_|(namespace|workload|repository)_(image_|size_|registry_)|\w+_over_(limits|budget)_)"
)
EXPIRATION = "slimgate_webhook_certificate_expiration_timestamp_seconds"
POLICIES = "slimpolicies.slimgate.dev"
HEARD = "slimgate_watch_last_event_timestamp_seconds"


@pytest.mark.parametrize("role", ["webhook", "controller"])
def test_all_that_is_documented(webhook: Program, controller: Program, role: str) -> None:
    """A role exposes what it is documented to, by those labels; here without nodes."""
    rows = {
        name: row
        for name, row in documented.metrics().items()
        if role in row.roles
        and not OF_NODES.match(name)
        # Here the controller keeps no certificate, so that there is none that could end.
        and (role, name) != ("controller", EXPIRY)
    }
    page = (webhook if role == "webhook" else controller).page()
    found = {
        f"{family.name}_total" if family.type == "counter" else family.name: family
        for family in text_string_to_metric_families(page)
    }

    assert found.keys() ^ rows.keys() == set()
    for name, family in found.items():
        assert (name, family.type) == (name, rows[name].kind)
        for sample in family.samples:
            labels = frozenset(sample.labels) - {"le"}
            assert (name, labels) == (name, frozenset(rows[name].labels))


def test_figures(room: Room, site: Site, controller: Program) -> None:
    """What happens is counted where the page says."""
    # The first policies and namespaces that a webhook meets get series of their own: a new one.
    site.roles.stop("webhook")
    webhook = site.roles.start("webhook")
    namespace = room.namespace
    strict = room.policy(limits={"pullSize": {"deny": "300k"}})
    missing = room.shelf.reference(repository="none")
    denied = room.ask(room.shelf.noise(FAT, repository="fat"))
    unknown = webhook.metric("slimgate_admission_unknown_findings_total", reason="not_found")
    room.deploy(missing, name="unknown")
    room.deploy(room.shelf.noise(TINY))
    workloads = partial(
        controller.metric, "slimgate_namespace_workloads", workload_namespace=namespace
    )
    eventually(lambda: workloads(verdict="unknown") == 1, "what is unknown is counted")
    eventually(lambda: workloads(verdict="allow") == 1, "what is within policy is counted")

    assert not denied.accepted
    by_policy = "slimgate_policy_admissions_total"
    labels = {"policy": strict, "workload_namespace": namespace}
    assert webhook.metric(by_policy, **labels, effect="denied") == 1
    assert webhook.metric(by_policy, **labels, effect="warned") == 1
    assert webhook.metric("slimgate_admission_unknown_findings_total", reason="not_found") > unknown
    for verdict, number in (("allow", 1), ("unknown", 1), ("deny", 0)):
        assert workloads(verdict=verdict) == number
        by = {"policy": strict, "verdict": verdict}
        assert controller.metric("slimgate_workloads", **by) == number
    by = {"policy": strict, "check": "inspection", "verdict": "unknown"}
    assert controller.metric("slimgate_workload_findings", **by) == 1
    assert controller.metric("slimgate_policy_info", policy=strict, mode="Enforce") == 1
    eventually(lambda: controller.metric("slimgate_queue_workloads") == 0, "the queue runs empty")


@pytest.mark.parametrize("role", ["webhook", "controller"])
def test_its_own_health(webhook: Program, controller: Program, role: str) -> None:
    """It follows the cluster, gets its turns, and is refused nothing by the API server."""
    program = webhook if role == "webhook" else controller
    asked = "slimgate_kubernetes_requests_total"

    assert program.metric(asked, method="GET", outcome="200") > 0
    # 403 is what a namespace on its way out answers, too.
    for outcome in ("401", "422", "4xx"):
        assert (outcome, program.metric(asked, outcome=outcome)) == (outcome, 0)
    assert program.metric("slimgate_watch_objects", resource=POLICIES) > 0
    assert 0 <= time.time() - program.metric(HEARD, resource=POLICIES) < 120
    name = "slimgate_event_loop_delay_seconds"
    eventually(lambda: program.metric(f"{name}_count") > 0, "the loop is watched")
    assert program.metric("slimgate_build_info", role=role) == 1


def test_the_certificate(webhook: Program) -> None:
    """It ends in a year, as those that slimgate makes do."""
    days = (webhook.metric(EXPIRATION) - time.time()) / 86400

    assert 364 < days < 366
