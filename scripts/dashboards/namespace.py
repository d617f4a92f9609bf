"""What a team looks at: its share of the disks, which workloads make it, what it would win."""

from typing import Final

from scripts.dashboards.model import (
    CLUSTER,
    VERDICTS,
    Dashboard,
    Palette,
    Row,
    Variable,
    lines,
    stat,
)
from scripts.dashboards.who import NAMESPACE, each, uses, whole, workloads

_ITS: Final = f"{CLUSTER}, {NAMESPACE}"
_SHARE: Final = whole("slimgate_namespace_image_share_bytes", "workload_namespace", where=_ITS)
_WORKLOAD: Final = ("workload_namespace", "workload_kind", "workload")
_NAMED: Final = "{{workload_namespace}} {{workload_kind}} {{workload}}"
_JUDGED: Final = "slimgate_namespace_workloads"

WORKLOADS: Final = Dashboard(
    uid="slimgate-namespace",
    title="slimgate / Namespace and workload",
    about="What the images of a namespace take on all nodes, which of its workloads make that, and "
    "what it would win at its limits.",
    variables=(
        Variable(
            name="workload_namespace",
            label="Namespace",
            query="label_values(slimgate_namespace_image_share_bytes"
            f"{{{CLUSTER}}}, workload_namespace)",
            about="The namespaces to show; those that are too small for a series are _other.",
        ),
    ),
    rows=(
        Row(
            title="Now",
            panels=(
                stat(
                    "Share of the disks",
                    _SHARE,
                    "The fair share of the image bytes of all nodes: what several namespaces use "
                    "is divided among them.",
                    unit="bytes",
                ),
                stat(
                    "Part of all",
                    f"{_SHARE} / {whole('slimgate_cluster_image_bytes', 'state')}",
                    "The same as a part of all image bytes, used or not.",
                    unit="percentunit",
                ),
                stat(
                    "Its own bytes",
                    whole("slimgate_namespace_image_bytes", "workload_namespace", where=_ITS),
                    "Layers, as modelled, that nobody else uses on their node: what would be free "
                    "there, once unused images are removed, if the namespace were gone.",
                    unit="bytes",
                ),
                stat(
                    "Would be won at limits",
                    whole("slimgate_namespace_over_limits_bytes", "workload_namespace", where=_ITS),
                    "What would be won on all nodes if every image of its were at its limits. No "
                    "data: none is known to be over one, or it is too little for a series.",
                    unit="bytes",
                ),
                stat(
                    "Over a deny limit",
                    whole(
                        _JUDGED,
                        "workload_namespace",
                        where=f'{_ITS}, verdict="deny"',
                    ),
                    "Workloads that run and that a policy would refuse if it enforced.",
                    palette=Palette.BAD,
                ),
                stat(
                    "Unknown",
                    whole(
                        _JUDGED,
                        "workload_namespace",
                        where=f'{_ITS}, verdict="unknown"',
                    ),
                    "Workloads that can't be judged: what their images would win is missing.",
                ),
            ),
        ),
        Row(
            title="Workloads",
            panels=(
                workloads("Workloads of the namespace", _ITS),
                lines(
                    "Workloads by verdict",
                    "By the strictest verdict of all policies, before their modes.",
                    (
                        whole(_JUDGED, "workload_namespace", "verdict", by="verdict", where=_ITS),
                        "{{verdict}}",
                    ),
                    width=10,
                    stacked=True,
                    colors=VERDICTS,
                ),
                uses("Images of the namespace", _ITS),
            ),
        ),
        Row(
            title="Trend",
            panels=(
                lines(
                    "Shares of workloads",
                    "Fair shares of the image bytes of all nodes.",
                    (each("slimgate_workload_image_bytes", *_WORKLOAD, where=_ITS), _NAMED),
                    unit="bytes",
                    width=8,
                    stacked=True,
                ),
                lines(
                    "Over budgets",
                    "How far all images of the namespace, unpacked and each layer once, are over "
                    "the budget of a policy.",
                    (
                        each(
                            "slimgate_namespace_over_budget_bytes",
                            *("policy", "workload_namespace"),
                            where=_ITS,
                        ),
                        "{{policy}} {{workload_namespace}}",
                    ),
                    unit="bytes",
                    width=8,
                    nothing="within every budget",
                ),
                lines(
                    "What workloads would win",
                    "What would be won on all nodes if their images were at their limits.",
                    (each("slimgate_workload_over_limits_bytes", *_WORKLOAD, where=_ITS), _NAMED),
                    unit="bytes",
                    width=8,
                    stacked=True,
                ),
            ),
        ),
    ),
)
