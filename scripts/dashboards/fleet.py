"""What images take on all nodes, who causes it, and what would be won."""

from typing import Final

from scripts.dashboards.model import (
    CLUSTER,
    Dashboard,
    Palette,
    Row,
    bars,
    lines,
    stat,
    table,
)
from scripts.dashboards.who import each, namespaces, to_page, whole, workloads

_STATES: Final = (
    ("used", "blue"),
    ("unused", "orange"),
    ("pinned", "purple"),
    ("unexplained", "text"),
)
_COLLECTION: Final = "slimgate_node_imagefs_until_collection_bytes"
_COST: Final = "namespace:slimgate_image_cost:month"
_EVICTION: Final = "slimgate_node_imagefs_until_eviction_bytes"
_RECLAIMABLE: Final = "slimgate_node_image_reclaimable_bytes"
_OVER: Final = "slimgate_cluster_over_limits_bytes"


def _image(state: str) -> str:
    """Read what images take in a state; the label goes, so that both states share a row."""
    return each("slimgate_image_bytes", "image", where=f'{CLUSTER}, state="{state}"')


FLEET: Final = Dashboard(
    uid="slimgate-fleet",
    title="slimgate / Fleet",
    about="What images take on the disks of all nodes, who causes it, and what would be won.",
    rows=(
        Row(
            title="Now",
            panels=(
                stat(
                    "Images on all nodes",
                    whole("slimgate_cluster_image_bytes", "state"),
                    "As measured where kubelets can be read, else as modelled.",
                    unit="bytes",
                ),
                stat(
                    "Reclaimable",
                    whole(_RECLAIMABLE, "node"),
                    "What removing all images that no pod uses would free.",
                    unit="bytes",
                ),
                stat(
                    "Would be won at limits",
                    whole(_OVER),
                    "What would be won on all nodes if every image in use were at its policies' "
                    "limits: a lower bound where images are unknown.",
                    unit="bytes",
                ),
                stat(
                    "Nodes removing images",
                    f"sum({each(_COLLECTION, 'node')} == bool 0)",
                    "Nodes that are so full that the kubelet removes unused images: from 85 %, "
                    "unless it is set otherwise. Only of nodes whose kubelets can be read.",
                    palette=Palette.BAD,
                ),
                stat(
                    "Nodes evicting pods",
                    f"sum({each(_EVICTION, 'node')} == bool 0)",
                    "Nodes that are so full that the kubelet ends pods: below 15 % available, "
                    "unless it is set otherwise. Only of nodes whose kubelets can be read.",
                    palette=Palette.BAD,
                ),
                stat(
                    "Least until eviction",
                    f"min({each(_EVICTION, 'node')})",
                    "What may still be written on the fullest node until the kubelet ends pods.",
                    unit="bytes",
                ),
            ),
        ),
        Row(
            title="Culprits",
            panels=(
                namespaces("Namespaces that fill the disks"),
                workloads("Workloads that fill the disks"),
                table(
                    "Images that fill the disks",
                    "Fair shares of the bytes of all nodes where a pod uses the image and where "
                    "none does; what removing it everywhere would free; and what would be won at "
                    "its limits. A click on an image leads to it.",
                    (
                        ("cluster", "Cluster"),
                        ("image", "Image"),
                        ("A", "In use"),
                        ("B", "Unused"),
                        ("C", "Its own"),
                        ("D", "Would be won"),
                        ("E", "Nodes"),
                        ("F", "Containers"),
                    ),
                    f"sort_desc({_image('used')})",
                    _image("unused"),
                    each("slimgate_image_exclusive_bytes", "image"),
                    each("slimgate_image_over_limits_bytes", "image"),
                    each("slimgate_image_nodes", "image"),
                    each("slimgate_image_containers", "image"),
                    unit="bytes",
                    units=(("Nodes", "short"), ("Containers", "short")),
                    width=24,
                    links=(("Image", to_page("slimgate-image", "image")),),
                ),
            ),
        ),
        Row(
            title="Trend",
            panels=(
                lines(
                    "Image bytes by use",
                    "Used by a pod on the node, unused, kept by the runtime (pinned), or measured "
                    "and of no known image (unexplained).",
                    (
                        whole("slimgate_cluster_image_bytes", "state", by="state"),
                        "{{state}}",
                    ),
                    unit="bytes",
                    width=8,
                    stacked=True,
                    colors=_STATES,
                ),
                lines(
                    "Shares of namespaces",
                    "Fair shares of the image bytes that are used; their sum is all of it.",
                    (
                        whole(
                            "slimgate_namespace_image_share_bytes",
                            "workload_namespace",
                            by="workload_namespace",
                        ),
                        "{{workload_namespace}}",
                    ),
                    unit="bytes",
                    width=8,
                    stacked=True,
                ),
                lines(
                    "What would be won",
                    "By removing what is unused, and by having every image in use at its limits.",
                    (whole(_RECLAIMABLE, "node"), "unused"),
                    (whole(_OVER), "over limits"),
                    unit="bytes",
                    width=8,
                ),
            ),
        ),
        Row(
            title="Where",
            panels=(
                table(
                    "Nodes by what is left",
                    "What images take, what removing unused ones frees, and what may be written "
                    "until the kubelet removes images, and until it ends pods. A click on a node "
                    "leads to it.",
                    (
                        ("cluster", "Cluster"),
                        ("node", "Node"),
                        ("A", "Until eviction"),
                        ("B", "Until collection"),
                        ("C", "Reclaimable"),
                        ("D", "Images"),
                    ),
                    f"sort({each(_EVICTION, 'node')})",
                    each(_COLLECTION, "node"),
                    each(_RECLAIMABLE, "node"),
                    each("slimgate_node_disk_bytes", "node", where=f'{CLUSTER}, part="images"'),
                    unit="bytes",
                    links=(("Node", to_page("slimgate-node", "node")),),
                ),
                bars(
                    "Bytes by tier of base",
                    "Fair shares of all that images explain, by the tier that they are based on.",
                    whole("slimgate_tier_image_bytes", "tier", by="tier") + " > 0",
                    "{{tier}}",
                    unit="bytes",
                    width=6,
                ),
                bars(
                    "Would be won, by policy",
                    "Each policy as if it were the only one. They overlap, so this has no sum.",
                    whole("slimgate_policy_over_limits_bytes", "policy", by="policy"),
                    "{{policy}}",
                    unit="bytes",
                    width=6,
                ),
            ),
        ),
        Row(
            title="Cost",
            panels=(
                lines(
                    "Cost a month, by namespace",
                    "What each namespace's share of disks and registries and its pulls cost, in "
                    "the currency of the chart's metrics.prometheusRule.prices; nothing without.",
                    (
                        whole(_COST, "workload_namespace", "of", by="workload_namespace"),
                        "{{workload_namespace}}",
                    ),
                    width=16,
                    stacked=True,
                ),
                bars(
                    "Cost a month, by what is paid for",
                    "The same by disks of nodes, registries, and pulls at the pace of the last "
                    "day.",
                    whole(_COST, "workload_namespace", "of", by="of"),
                    "{{of}}",
                    width=8,
                ),
            ),
        ),
    ),
)
