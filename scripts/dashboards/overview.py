"""What runs over policy and whose it is, what images take on nodes, what admission said."""

from typing import Final

from scripts.dashboards.model import (
    CLUSTER,
    EFFECTS,
    NOTHING,
    SHARES,
    VERDICTS,
    Dashboard,
    Palette,
    Row,
    Variable,
    a_minute,
    bars,
    counted,
    lines,
    rate_by,
    stat,
    table,
)

_WORKLOADS: Final = "slimgate_namespace_workloads"
_NAMESPACE: Final = 'workload_namespace=~"$workload_namespace"'
_OVER: Final = (
    f"sum by (workload_namespace) ({_WORKLOADS}"
    f'{{{CLUSTER}, {_NAMESPACE}, verdict=~"deny|warn|unknown"}})'
)

OVERVIEW: Final = Dashboard(
    uid="slimgate-overview",
    title="slimgate / Overview",
    about="What runs over policy and whose it is, what images take on nodes, and what admission "
    "said.",
    variables=(
        Variable(
            name="workload_namespace",
            label="Namespace",
            query=f"label_values(slimgate_namespace_workloads{{{CLUSTER}}}, workload_namespace)",
            about="The workloads' namespace.",
        ),
    ),
    rows=(
        Row(
            title="Now",
            panels=(
                stat(
                    "Over a deny limit",
                    f'sum({_WORKLOADS}{{{CLUSTER}, {_NAMESPACE}, verdict="deny"}})',
                    "Workloads that run and that a policy would refuse if it enforced. They keep "
                    "running; their next change of image is what is refused.",
                    palette=Palette.BAD,
                ),
                stat(
                    "Over a warn limit",
                    f'sum({_WORKLOADS}{{{CLUSTER}, {_NAMESPACE}, verdict="warn"}})',
                    "Workloads that run and that a policy warns of.",
                ),
                stat(
                    "Unknown",
                    f'sum({_WORKLOADS}{{{CLUSTER}, {_NAMESPACE}, verdict="unknown"}})',
                    "Workloads with an image that could not be judged. The panel on unknown "
                    "findings says why.",
                    palette=Palette.BAD,
                ),
                stat(
                    "Refused, 24 h",
                    counted(
                        "slimgate_policy_admissions_total",
                        f'{CLUSTER}, {_NAMESPACE}, effect="denied"',
                    ),
                    "Admissions that enforced policies refused in the last 24 hours.",
                ),
                stat(
                    "Images on disk",
                    f"sum(slimgate_node_image_bytes{{{CLUSTER}}})",
                    "What images take on the disks of all nodes, as modelled: compressed and "
                    "unpacked layers.",
                    unit="bytes",
                ),
                stat(
                    "Unused on disk",
                    f'sum(slimgate_node_image_bytes{{{CLUSTER}, share="unused"}})',
                    "The part of it that only images hold which no pod on their node uses: what "
                    "removing them would free.",
                    unit="bytes",
                ),
            ),
        ),
        Row(
            title="Who",
            panels=(
                table(
                    "Namespaces over policy",
                    "The namespaces with most workloads that are over a limit or unknown.",
                    (
                        ("workload_namespace", "Namespace"),
                        ("A", "Deny"),
                        ("B", "Warn"),
                        ("C", "Unknown"),
                    ),
                    *(
                        f"sum by (workload_namespace) ({_WORKLOADS}"
                        f'{{{CLUSTER}, {_NAMESPACE}, verdict="{verdict}"}}) '
                        f"and on (workload_namespace) topk(15, {_OVER} > 0)"
                        for verdict in ("deny", "warn", "unknown")
                    ),
                    width=8,
                    nothing=NOTHING,
                ),
                table(
                    "Policies",
                    "Every policy, its mode, and the verdicts on what runs, before its mode.",
                    (
                        ("cluster", "Cluster"),
                        ("policy", "Policy"),
                        ("mode", "Mode"),
                        ("A", "Deny"),
                        ("B", "Warn"),
                        ("C", "Unknown"),
                        ("D", "Within"),
                    ),
                    *(
                        "sum by (cluster, policy) "
                        f'(slimgate_workloads{{{CLUSTER}, verdict="{verdict}"}})'
                        " * on (cluster, policy) group_left (mode) "
                        f"max by (cluster, policy, mode) (slimgate_policy_info{{{CLUSTER}}})"
                        for verdict in ("deny", "warn", "unknown", "allow")
                    ),
                    width=10,
                ),
                bars(
                    "Why",
                    "Findings over a limit in what runs, by check. One image may break several.",
                    "sum by (check) (slimgate_workload_findings"
                    f'{{{CLUSTER}, verdict=~"warn|deny"}}) > 0',
                    "{{check}}",
                    width=6,
                    nothing=NOTHING,
                ),
            ),
        ),
        Row(
            title="Disk",
            panels=(
                lines(
                    "Image bytes on all nodes",
                    "By who holds them: one image that a pod uses, several images, or only images "
                    "that no pod uses.",
                    (f"sum by (share) (slimgate_node_image_bytes{{{CLUSTER}}})", "{{share}}"),
                    unit="bytes",
                    stacked=True,
                    colors=SHARES,
                ),
                bars(
                    "Namespaces by image bytes",
                    "Layers in use on all nodes that only this namespace's pods use there. What "
                    "several use is under _shared.",
                    "topk(15, sum by (workload_namespace) "
                    f"(slimgate_namespace_image_bytes{{{CLUSTER}, {_NAMESPACE}}}))",
                    "{{workload_namespace}}",
                    unit="bytes",
                    width=12,
                ),
            ),
        ),
        Row(
            title="Trend",
            panels=(
                lines(
                    "Workloads by verdict",
                    "By the strictest verdict of all policies, before their modes.",
                    (
                        f"sum by (verdict) ({_WORKLOADS}{{{CLUSTER}, {_NAMESPACE}}})",
                        "{{verdict}}",
                    ),
                    stacked=True,
                    width=8,
                    colors=VERDICTS,
                ),
                lines(
                    "What admission said",
                    "Admissions in which a policy found something, by what its mode made of that.",
                    (
                        a_minute(
                            rate_by(
                                "slimgate_policy_admissions_total",
                                "effect",
                                where=f"{CLUSTER}, {_NAMESPACE}",
                            )
                        ),
                        "{{effect}}",
                    ),
                    unit="opm",
                    width=8,
                    colors=EFFECTS,
                    nothing=NOTHING,
                ),
                lines(
                    "Unknown findings",
                    "What could not be judged of what runs, by the reason.",
                    (
                        f"sum by (reason) (slimgate_workload_unknown_findings{{{CLUSTER}}}) > 0",
                        "{{reason}}",
                    ),
                    width=8,
                    nothing=NOTHING,
                ),
            ),
        ),
    ),
)
