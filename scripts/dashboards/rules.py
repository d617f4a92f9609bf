"""Recording rules and alerts as code. Every alert has a section of its own in docs/runbooks.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import yaml

RUNBOOKS: Final = "https://slimgate.dev/docs/runbooks"


class Severity(Enum):
    """Who is to look: somebody now, somebody today, or whoever has time."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A sum that several queries share; named level:metric:operations."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """`hold` is for how long it must be so before anybody hears of it."""

    name: str
    expr: str
    hold: str
    severity: Severity
    summary: str
    description: str


_UNGUARDED: Final = "slimgate_webhook_configuration_unguarded_seconds_total"


def _bytes(where: str = "") -> str:
    """Add up a node's image bytes.

    For a moment two controllers may tell of a node: the one that has ended, and the next.
    """
    once = f"max by (cluster, node, share, form) (slimgate_node_image_bytes{where})"
    return f"sum by (cluster, node) ({once})"


_UNUSED: Final = _bytes('{share="unused"}')
_ALL: Final = _bytes()

_FIRST: Final = "max by (cluster, node) (slimgate_node_imagefs_threshold_ratio)"

_LARGEST: Final = 'max by (cluster, repository) (slimgate_repository_size_bytes{form="unpacked"})'
_LARGEST_BEFORE: Final = (
    'max by (cluster, repository) (slimgate_repository_size_bytes{form="unpacked"} offset 1d)'
)


def _missing(role: str) -> str:
    """Ask for clusters in which slimgate was, and a role is not; and if slimgate was nowhere."""
    return (
        "group by (cluster) (last_over_time(slimgate_build_info[6h])) "
        f'unless on (cluster) slimgate_build_info{{role="{role}"}} '
        "or absent_over_time(slimgate_build_info[6h])"
    )


RECORDINGS: Final = (
    Recording(record="node:slimgate_node_image_bytes:sum", expr=_ALL),
    Recording(
        record="node:slimgate_node_image_measured_bytes:sum",
        expr="max by (cluster, node) (slimgate_node_imagefs_used_bytes) + on (cluster, node) "
        + _bytes('{form="compressed"}'),
    ),
    Recording(record="node:slimgate_node_image_unused:ratio", expr=f"{_UNUSED} / {_ALL}"),
    Recording(
        record="node:slimgate_node_imagefs_needed:ratio",
        expr="1 - (max by (cluster, node) (slimgate_node_imagefs_available_bytes) "
        f"+ on (cluster, node) {_UNUSED}) "
        "/ on (cluster, node) max by (cluster, node) (slimgate_node_imagefs_capacity_bytes)",
    ),
    Recording(
        record="cluster:slimgate_admissions_failed:ratio_rate5m",
        expr='sum by (cluster) (rate(slimgate_admissions_total{outcome=~"late|overloaded|error"}'
        "[5m])) / sum by (cluster) (rate(slimgate_admissions_total[5m]))",
    ),
)

_BY_NAMESPACE: Final = "max by (cluster, workload_namespace)"
_COST: Final = "namespace:slimgate_image_cost:month"
COSTS: Final[Mapping[str, Recording]] = {
    "nodeDisk": Recording(
        record=_COST,
        expr=f"{_BY_NAMESPACE} (slimgate_namespace_image_share_bytes) / 2^30",
        labels={"of": "node_disk"},
    ),
    "registry": Recording(
        record=_COST,
        expr=f"{_BY_NAMESPACE} (slimgate_namespace_registry_bytes) / 2^30",
        labels={"of": "registry"},
    ),
    # Events are kept for an hour, so what they tell is an hour's; a month has 730.
    "pull": Recording(
        record=_COST,
        expr=f"{_BY_NAMESPACE} (avg_over_time(slimgate_namespace_image_pull_bytes[1d])) / 2^30 * "
        "730",
        labels={"of": "pulls"},
    ),
}
"""By the price of the chart's values that each is multiplied with; without it there is none."""

ALERTS: Final = (
    Alert(
        name="SlimgateWebhookDown",
        expr=_missing("webhook"),
        hold="2m",
        severity=Severity.CRITICAL,
        summary="No webhook pod of slimgate is scraped.",
        description="Workloads are admitted without a verdict (failurePolicy Ignore) or refused "
        "(Fail).",
    ),
    Alert(
        name="SlimgateWebhookUnregistered",
        expr=f"max by (cluster) (increase({_UNGUARDED}[5m])) > 60",
        hold="0m",
        severity=Severity.CRITICAL,
        summary="The API server could not call slimgate's webhook for "
        "{{ $value | humanizeDuration }} of the last 5 minutes.",
        description="Its configuration or its CA is missing or wrong, and the controller does not "
        "mend it. Workloads are admitted without a verdict (failurePolicy Ignore) or refused "
        "(Fail).",
    ),
    Alert(
        name="SlimgateAdmissionGap",
        expr=f"max by (cluster) (increase({_UNGUARDED}[15m])) > 0",
        hold="0m",
        severity=Severity.WARNING,
        summary="The API server could not call slimgate's webhook for "
        "{{ $value | humanizeDuration }}.",
        description="Somebody or something changed its configuration, its CA or its certificate. "
        "What was admitted meanwhile has been judged since: look for new verdicts.",
    ),
    Alert(
        name="SlimgateAdmissionsFailed",
        expr="cluster:slimgate_admissions_failed:ratio_rate5m > 0.01",
        hold="10m",
        severity=Severity.CRITICAL,
        summary="{{ $value | humanizePercentage }} of admissions are not judged in time.",
        description="They are late, too many at once, or meet an error of slimgate; each policy's "
        "onUnknown decides on them.",
    ),
    Alert(
        name="SlimgateAdmissionSlow",
        expr="histogram_quantile(0.99, sum by (cluster, le) "
        "(rate(slimgate_admission_duration_seconds_bucket[5m]))) > 1",
        hold="10m",
        severity=Severity.WARNING,
        summary="One admission of a hundred takes more than {{ $value | humanizeDuration }}.",
        description="Whoever applies workloads waits for slimgate.",
    ),
    Alert(
        name="SlimgateCertificateExpiring",
        expr="min by (cluster) (slimgate_webhook_certificate_expiration_timestamp_seconds) "
        "- time() < 7 * 86400",
        hold="15m",
        severity=Severity.WARNING,
        summary="The webhook's certificate ends in {{ $value | humanizeDuration }}.",
        description="It should have been renewed by now. Once it has ended the API server can't "
        "call the webhook.",
    ),
    Alert(
        name="SlimgateControllerDown",
        expr=_missing("controller"),
        hold="5m",
        severity=Severity.WARNING,
        summary="No controller pod of slimgate is scraped.",
        description="Nothing is annotated, reported or measured, and the webhook's certificate "
        "is not renewed. Admission goes on.",
    ),
    Alert(
        name="SlimgateNoLeader",
        expr="max by (cluster) (slimgate_leader) < 1",
        hold="2m",
        severity=Severity.WARNING,
        summary="No controller of slimgate leads.",
        description="Controllers run, and none of them can hold the Lease. Nothing is annotated, "
        "reported or measured, and the webhook's certificate is not renewed. Admission goes on.",
    ),
    Alert(
        name="SlimgateControllerBehind",
        expr="max by (cluster) (slimgate_queue_workloads) > 0 and "
        "histogram_quantile(0.9, sum by (cluster, le) "
        "(rate(slimgate_queue_wait_duration_seconds_bucket[10m]))) > 60",
        hold="15m",
        severity=Severity.WARNING,
        summary="Workloads wait {{ $value | humanizeDuration }} until they are judged.",
        description="Annotations, reports and metrics are that old.",
    ),
    Alert(
        name="SlimgateWatchStale",
        expr="time() - min by (cluster, pod, resource) "
        "(slimgate_watch_last_event_timestamp_seconds) > 300",
        hold="5m",
        severity=Severity.WARNING,
        summary="slimgate has heard nothing of {{ $labels.resource }} for "
        "{{ $value | humanizeDuration }}.",
        description="It decides by what was so then: new policies and exceptions don't count yet.",
    ),
    Alert(
        name="SlimgateRegistryFailing",
        expr="sum by (cluster, registry) "
        '(rate(slimgate_registry_requests_total{outcome!~"2..|3..|401|404"}[10m])) '
        "/ sum by (cluster, registry) (rate(slimgate_registry_requests_total[10m])) > 0.5",
        hold="10m",
        severity=Severity.WARNING,
        summary="{{ $value | humanizePercentage }} of requests to {{ $labels.registry }} fail.",
        description="New images of this registry are unknown, so that each policy's onUnknown "
        "decides on them. Images that were looked up before are not affected.",
    ),
    Alert(
        name="SlimgateWorkloadsUnknown",
        expr='sum by (cluster) (slimgate_namespace_workloads{verdict="unknown"}) '
        "/ sum by (cluster) (slimgate_namespace_workloads) > 0.1",
        hold="30m",
        severity=Severity.WARNING,
        summary="{{ $value | humanizePercentage }} of workloads can't be judged.",
        description="Their images, sizes or bases are unknown; the annotation "
        "slimgate.dev/summary of each says why.",
    ),
    Alert(
        name="SlimgateObjectInvalid",
        expr="max by (cluster, resource) (slimgate_invalid_objects) > 0",
        hold="10m",
        severity=Severity.WARNING,
        summary="{{ $value }} of {{ $labels.resource }} can't be used.",
        description="Their condition Accepted says why. An invalid policy judges nothing.",
    ),
    Alert(
        name="SlimgateNodeFillingWithImages",
        expr=f"node:slimgate_node_imagefs_needed:ratio > on (cluster, node) ({_FIRST} - 0.05) "
        "and on (cluster, node) "
        "node:slimgate_node_image_bytes:sum > on (cluster, node) "
        "(0.3 * max by (cluster, node) (slimgate_node_imagefs_capacity_bytes))",
        hold="15m",
        severity=Severity.WARNING,
        summary="Node {{ $labels.node }} would be {{ $value | humanizePercentage }} full without "
        "any unused image.",
        description="That is within 5 % of where its kubelet begins to remove images or to evict "
        "pods. Removing images will not keep it from evicting, and images are a large part of what "
        "fills it.",
    ),
    Alert(
        name="SlimgateImageGrowing",
        expr=f"{_LARGEST} / {_LARGEST_BEFORE} > 1.25 "
        f"and {_LARGEST} - {_LARGEST_BEFORE} > 100 * 2^20",
        hold="1h",
        severity=Severity.INFO,
        summary="The largest image of {{ $labels.repository }} that runs is "
        "{{ $value | humanize }} times as large as a day ago.",
        description="Unpacked it has grown by more than a quarter and more than 100 MiB. Whatever "
        "was released is on every node that runs it, and takes longer to pull.",
    ),
    Alert(
        name="SlimgateNamespaceOverBudget",
        expr="max by (cluster, policy, workload_namespace) "
        "(slimgate_namespace_over_budget_bytes) > 0",
        hold="30m",
        severity=Severity.WARNING,
        summary="Namespace {{ $labels.workload_namespace }} is {{ $value | humanize1024 }}B over "
        "its budget of image bytes.",
        description="All images that it runs, unpacked and each layer once, come to more than the "
        "budget of the policy {{ $labels.policy }}. Nothing is refused because of it.",
    ),
    Alert(
        name="SlimgateNodeImagesUnused",
        expr="node:slimgate_node_image_unused:ratio > 0.5 and on (cluster, node) "
        f"{_UNUSED} > on (cluster, node) "
        "(0.2 * max by (cluster, node) (slimgate_node_imagefs_capacity_bytes))",
        hold="1d",
        severity=Severity.INFO,
        summary="{{ $value | humanizePercentage }} of the image bytes on node "
        "{{ $labels.node }} are unused.",
        description="They take more than a fifth of its disk. The kubelet removes them only when "
        "the disk is nearly full.",
    ),
)


def to_yaml() -> str:
    """Write Prometheus' rule file, with the link to each alert's runbook."""
    groups = [
        {"name": "slimgate.rules", "rules": [_recording(one) for one in RECORDINGS]},
        {"name": "slimgate.alerts", "rules": [_alert(one) for one in ALERTS]},
    ]
    return yaml.safe_dump({"groups": groups}, sort_keys=False, width=100, allow_unicode=True)


def costs_yaml() -> str:
    """Write what the chart multiplies with prices."""
    made = {price: _recording(rule) for price, rule in COSTS.items()}
    return yaml.safe_dump(made, sort_keys=False, width=100, allow_unicode=True)


def priced(prices: Mapping[str, float]) -> str:
    """Write rules of costs as the chart does."""
    rules = [
        {**_recording(COSTS[name]), "expr": f"{COSTS[name].expr} * {price}"}
        for name, price in prices.items()
    ]
    return yaml.safe_dump({"groups": [{"name": "slimgate.costs", "rules": rules}]})


def _recording(rule: Recording) -> dict[str, object]:
    labels = {"labels": {**rule.labels}} if rule.labels else {}
    return {"record": rule.record, "expr": rule.expr, **labels}


def _alert(rule: Alert) -> dict[str, object]:
    return {
        "alert": rule.name,
        "expr": rule.expr,
        "for": rule.hold,
        "labels": {"severity": rule.severity.value},
        "annotations": {
            "summary": rule.summary,
            "description": rule.description,
            "runbook_url": f"{RUNBOOKS}#{rule.name.lower()}",
        },
    }
