"""Both roles with series of every metric, at their worst: all that others choose is too much."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import cycle, product
from typing import Any

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from slimgate.app.certificates import certificate_keeper
from slimgate.app.cluster import Core
from slimgate.app.parts import now
from slimgate.app.profiles import follow_profiles
from slimgate.cluster.own_deployment import OwnDeployment
from slimgate.core.admission.decision import Effect
from slimgate.core.admission.repeat import Skip
from slimgate.core.errors import IMAGE_REASONS
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.policies.checks import CHECKS, asked_by
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.policy import Mode, OnUnknown, Policy
from slimgate.core.policies.unknown import UNDETERMINED
from slimgate.core.policies.verdict import Verdict
from slimgate.engine.catalog import Catalog
from slimgate.engine.judge import Judge
from slimgate.metrics import ControllerMetrics, Metrics, WebhookMetrics
from slimgate.settings import Settings
from slimgate.webhook.service import FAULTS
from tests.core.everything import EVERYTHING
from tests.engine.cluster import Keys
from tests.engine.shelf import Shelf, inspector
from tests.metrics import (
    test_admissions,
    test_certificate,
    test_fleet,
    test_inspections,
    test_nodes,
    test_pulls,
    test_watches,
    test_work,
    test_workloads,
)
from tests.support.clock import Clock

NODES = 12
TOO_MANY = 2_000
STATUSES = (*range(100, 600), 999)
_UNREAD = ("pods", "no_address", "unreachable", "late", "refused", "no_stats", "not_believed")
METHODS = ("GET", "POST", "PATCH", "DELETE", "WATCH")


@cache
def controller() -> ControllerMetrics:
    """Make the controller's, once: it takes seconds, and all only read it."""
    metrics = ControllerMetrics()
    _common(metrics)
    metrics.waited(0.1)
    metrics.reached_verdict(0.1)
    metrics.reconciled(0.1, failed=False)
    metrics.show_queue(test_work.Waiting(1, 1))
    metrics.show_leadership(test_work.Leading())
    kinds = [*product(Mode, OnUnknown)]
    policies = [
        replace(EVERYTHING, name=f"p{number:03}", mode=mode, on_unknown=on_unknown)
        for number, (mode, on_unknown) in zip(range(200), cycle(kinds), strict=False)
    ]
    known = test_workloads.Known(
        [*_verdicts(policies)], {policy.name: policy for policy in policies}
    )
    metrics.show_workloads(known, known)
    unread = {
        str(number): reason for number, reason in zip(range(NODES), cycle(_UNREAD), strict=False)
    }
    disks = test_fleet.Crowded(last_success=1.7e9, unread=unread)
    disks.kept = [disks.crowd(disk) for disk in _disks()]
    metrics.show_nodes(disks)
    metrics.show_pulls(test_pulls.told(NODES, TOO_MANY), disks)
    metrics.nodes_looked_at()
    metrics.show_certificate(test_certificate.Kept(datetime.now(UTC)))
    return metrics


@cache
def webhook() -> WebhookMetrics:
    """Make the webhook's, once."""
    metrics = WebhookMetrics()
    _common(metrics)
    verdicts = [outcome.label for outcome in Outcome]
    outcomes = [*verdicts, *(skip.value for skip in Skip), *FAULTS]
    operations = ("CREATE", "UPDATE", "DELETE", "CONNECT", "other")
    for operation, outcome in product(operations, outcomes):
        for allowed in (True, False):
            metrics.admission(operation, outcome, 0.1, allowed=allowed)
            metrics.exception(operation, allowed=allowed)
    checks, reasons = tuple(CHECKS), (*IMAGE_REASONS, UNDETERMINED, *FAULTS)
    for number, effect in product(range(TOO_MANY), Effect):
        effects = {f"p{number % 120}": effect}
        metrics.found(f"n{number}", effects, [*product(checks, reasons)] if not number else ())
    for code in (400, 401, 403, 404, 405, 408, 413, 415, 500, 503):
        metrics.invalid_request(code)
    metrics.show_serving(test_admissions.Server(1, 1.8e9))
    return metrics


def families(metrics: Metrics) -> list[Metric]:
    """Read the page as Prometheus does; process metrics are the library's."""
    return [*text_string_to_metric_families(metrics.page().decode())]


def _common(metrics: Metrics) -> None:
    for number in range(200):
        metrics.request(f"r{number}.io", "GET", 200, 0.1)
        metrics.rate_limit(f"r{number}.io", 9)
    hosts = [f"r{number}.io" for number in range(60)]
    for host, method in product(hosts, ("GET", "HEAD", "POST")):
        for outcome in (*STATUSES, *IMAGE_REASONS):
            metrics.request(host, method, outcome, 0.1)
    for host, reason in product(hosts, ("unavailable", "rate_limited")):
        metrics.request_skipped(host, reason)
    metrics.worked(0.1)
    metrics.put_off(0.1)
    for outcome in ("cached", "fetched", "stale", *IMAGE_REASONS):
        metrics.looked_up(outcome, 0.1)
    for reason in ("forbidden", "missing", "other_type"):
        metrics.pull_secret_skipped(reason, "")
    for method, status in product(METHODS, (*STATUSES, "unreachable", "cancelled")):
        metrics.api_request(method, status, 0.1)
    metrics.loop_delayed(0.1)
    metrics.loop_held(0.1)
    metrics.show_bases(test_inspections.Known(1))
    metrics.show_mirrors({name: test_watches.Mirrored(name, 3, 1.7e9) for name in watched()})


def watched() -> list[str]:
    """Name what the controller really watches, which is more than the webhook does."""
    settings = Settings()
    api: Any = None  # nothing is asked of it until they run
    inspection = inspector(Shelf(), Clock())
    catalog, keys = Catalog(), Keys()
    judge = Judge(inspector=inspection, catalog=catalog, keyring=keys, now=now)
    core = Core(
        api=api, catalog=catalog, inspector=inspection, judge=judge, keyring=keys, settings=settings
    )
    follow_profiles(core)
    keeper = certificate_keeper(api, settings, OwnDeployment(api, settings.namespace, None))
    return [one.resource for one in (*core.mirrors.values(), *keeper.mirrors.values())]


def _verdicts(policies: list[Policy]) -> Iterator[Verdict]:
    for number in range(TOO_MANY):
        policy = policies[number % len(policies)]
        found = tuple(
            Finding(policy=policy.name, check=check, outcome=outcome, use=test_workloads.WEB)
            for check in asked_by(policy)
            for outcome in (Outcome.WARN, Outcome.DENY, Outcome.UNKNOWN)
        )
        yield test_workloads.verdict(
            policy, findings=found, excused=found, namespace=f"n{number % 900}"
        )


def _disks() -> Iterator[NodeDisk]:
    made = test_nodes.disk(*test_nodes.PODS, image_fs=test_nodes.MEASURED)
    own = {f"n{number}": made.total for number in range(TOO_MANY)}
    for number in range(NODES):
        namespaces = replace(made.namespaces, own=own, pinned=made.total)
        yield replace(made, node=f"node-{number}", namespaces=namespaces)
