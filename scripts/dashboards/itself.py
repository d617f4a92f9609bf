"""How slimgate itself does: its queue, memory, certificates and requests to the API server."""

from typing import Final

from scripts.dashboards.model import (
    CLUSTER,
    Dashboard,
    Palette,
    Row,
    certificate_end,
    counted,
    lines,
    rate_by,
    stat,
    table,
)
from scripts.dashboards.who import to_page

_ALERTS: Final = f'{CLUSTER}, alertname=~"Slimgate.+"'


_NO_WATCH: Final = 'method!="WATCH"'


def _errors(outcome: str, *where: str) -> str:
    selectors = (CLUSTER, f'outcome=~"{outcome}"', *where)
    return counted("slimgate_kubernetes_requests_total", ", ".join(selectors))


def _p95(metric: str) -> str:
    buckets = f"{metric}_bucket{{{CLUSTER}}}[$__rate_interval]"
    return f"histogram_quantile(0.95, sum by (le) (rate({buckets})))"


def _memory(role: str) -> str:
    return (
        f"process_resident_memory_bytes{{{CLUSTER}}} "
        "* on (cluster, instance, job) group_left (role) "
        f'slimgate_build_info{{{CLUSTER}, role="{role}"}}'
    )


ITSELF: Final = Dashboard(
    uid="slimgate-itself",
    title="slimgate / slimgate itself",
    about="Whether slimgate keeps up: its queue, memory, certificates and requests to the API "
    "server.",
    rows=(
        Row(
            title="Now",
            panels=(
                stat(
                    "Leading controllers",
                    f"sum(slimgate_leader{{{CLUSTER}}}) or vector(0)",
                    "One in each cluster: others stand by. Without one nothing is annotated, "
                    "reported or measured; admission goes on.",
                    palette=Palette.THERE,
                ),
                stat(
                    "Queue",
                    f'sum(slimgate_queue_workloads{{{CLUSTER}, state="waiting"}})',
                    "Workloads that wait to be judged.",
                ),
                stat(
                    "Stalest watch",
                    f"time() - min(slimgate_watch_last_event_timestamp_seconds{{{CLUSTER}}})",
                    "Since the API server was last heard of on any watch. It speaks up once a "
                    "minute; above some minutes slimgate decides by old state.",
                    unit="s",
                    palette=Palette.OLD,
                ),
                stat(
                    "API errors, 24 h",
                    f"{_errors('403')} + {_errors('5..|unreachable', _NO_WATCH)}",
                    "Requests that the Kubernetes API server forbade, did not answer, or answered "
                    "by an error of its own. Watches that break off are left out: they begin "
                    "anew, and Stalest watch shows those that do not.",
                    palette=Palette.BAD,
                ),
                stat(
                    "Invalid objects",
                    f"sum(slimgate_invalid_objects{{{CLUSTER}}})",
                    "Policies, exceptions and base images that can't be used; their status says "
                    "why.",
                    palette=Palette.BAD,
                ),
                certificate_end(),
            ),
        ),
        Row(
            title="Alerts",
            panels=(
                table(
                    "Alerts",
                    "Alerts of slimgate that fire, or that will if it stays so (pending). Each has "
                    "a runbook. A click on a node leads to it and to who fills it.",
                    (
                        ("cluster", "Cluster"),
                        ("alertname", "Alert"),
                        ("alertstate", "State"),
                        ("severity", "Severity"),
                        ("node", "Node"),
                        ("registry", "Registry"),
                        ("resource", "Resource"),
                        ("A", "For"),
                    ),
                    f"ALERTS{{{_ALERTS}}} * ignoring (alertstate) group_left () "
                    f"(time() - ALERTS_FOR_STATE{{{_ALERTS}}})",
                    unit="s",
                    width=24,
                    height=5,
                    links=(("Node", to_page("slimgate-node", "node")),),
                    nothing="none, or the rules are not loaded",
                ),
            ),
        ),
        Row(
            title="Work",
            panels=(
                lines(
                    "Queue",
                    "Workloads that wait, and those at work.",
                    (f"sum by (state) (slimgate_queue_workloads{{{CLUSTER}}})", "{{state}}"),
                    width=8,
                ),
                lines(
                    "p95 of waiting, judging and recording",
                    "Of the controller, for one workload.",
                    (_p95("slimgate_queue_wait_duration_seconds"), "waiting"),
                    (_p95("slimgate_judge_duration_seconds"), "judging"),
                    (_p95("slimgate_reconcile_duration_seconds"), "judging and recording"),
                    unit="s",
                    width=8,
                ),
                lines(
                    "Workloads judged",
                    "By whether the verdict could be recorded.",
                    (
                        rate_by("slimgate_reconcile_duration_seconds_count", "result"),
                        "{{result}}",
                    ),
                    unit="ops",
                    width=8,
                    colors=(("success", "green"), ("error", "red")),
                ),
            ),
        ),
        Row(
            title="Processes",
            panels=(
                lines(
                    "Memory",
                    "Resident memory of each pod.",
                    (_memory("controller"), "{{pod}}"),
                    (_memory("webhook"), "{{pod}}"),
                    unit="bytes",
                    width=8,
                ),
                lines(
                    "CPU, cores",
                    "Cores that each pod uses.",
                    (
                        (
                            f"rate(process_cpu_seconds_total{{{CLUSTER}}}[$__rate_interval]) "
                            "* on (cluster, instance, job) group_left (role) "
                            f"slimgate_build_info{{{CLUSTER}}}"
                        ),
                        "{{pod}}",
                    ),
                    width=8,
                ),
                lines(
                    "p99 of the event loop's delay",
                    "By how much a task that sleeps wakes too late. While it is high, admissions "
                    "and probes wait, too.",
                    (
                        (
                            "histogram_quantile(0.99, sum by (le, pod) (rate("
                            "slimgate_event_loop_delay_seconds_bucket"
                            f"{{{CLUSTER}}}[$__rate_interval])))"
                        ),
                        "{{pod}}",
                    ),
                    unit="s",
                    width=8,
                ),
            ),
        ),
        Row(
            title="Kubernetes",
            panels=(
                lines(
                    "Requests to the API server",
                    "By method and HTTP status.",
                    (
                        rate_by("slimgate_kubernetes_requests_total", "method", "outcome"),
                        "{{method}} {{outcome}}",
                    ),
                    unit="reqps",
                    width=8,
                ),
                lines(
                    "p95 of a request",
                    "Watches left out.",
                    (_p95("slimgate_kubernetes_request_duration_seconds"), "all methods"),
                    unit="s",
                    width=8,
                ),
                table(
                    "Watched objects",
                    "Objects that slimgate follows, the most in one pod.",
                    (("resource", "Resource"), ("A", "Objects")),
                    f"max by (resource) (slimgate_watch_objects{{{CLUSTER}}})",
                    width=8,
                ),
            ),
        ),
    ),
)
