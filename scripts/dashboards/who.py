"""Who fills the disks: panels that several pages show."""

from typing import Final

from scripts.dashboards.model import CLUSTER, Panel, table

NAMESPACE: Final = 'workload_namespace=~"$workload_namespace"'
_WORKLOAD: Final = ("cluster", "workload_namespace", "workload_kind", "workload")


def to_page(uid: str, variable: str) -> str:
    """Write the address of a page about what is clicked, of the same clusters and time."""
    kept = "${datasource:queryparam}&${cluster:queryparam}&${__url_time_range}"
    return f"/d/{uid}?{kept}&var-{variable}=${{__value.raw}}"


def each(metric: str, *labels: str, where: str = CLUSTER) -> str:
    """Read a figure of the controller's by labels; while controllers change, two of them tell."""
    return f"max by ({', '.join(('cluster', *labels))}) ({metric}{{{where}}})"


def whole(metric: str, *labels: str, by: str = "", where: str = CLUSTER) -> str:
    """Add it up, for each value of a label if one is wanted."""
    kept = f" by ({by}) " if by else ""
    return f"sum{kept}({each(metric, *labels, where=where)})"


def namespaces(title: str) -> Panel:
    """Show whose images fill the disks of all nodes."""
    return table(
        title,
        "Each namespace's fair share of the image bytes of all nodes, and what would be won there "
        "if its images were at their limits. A click on one leads to its workloads. All that are "
        "too small for a row of their own are _other.",
        (
            ("cluster", "Cluster"),
            ("workload_namespace", "Namespace"),
            ("A", "Share"),
            ("B", "Would be won"),
        ),
        f"sort_desc({each('slimgate_namespace_image_share_bytes', 'workload_namespace')})",
        each("slimgate_namespace_over_limits_bytes", "workload_namespace"),
        unit="bytes",
        width=10,
        links=(("Namespace", to_page("slimgate-namespace", "workload_namespace")),),
    )


def workloads(title: str, where: str = CLUSTER, width: int = 14) -> Panel:
    """Show which workloads do."""
    labels = _WORKLOAD[1:]
    return table(
        title,
        "Each workload's fair share of the image bytes of all nodes, and what would be won there "
        "if its images were at their limits.",
        (
            ("cluster", "Cluster"),
            ("workload_namespace", "Namespace"),
            ("workload_kind", "Kind"),
            ("workload", "Workload"),
            ("A", "Share"),
            ("B", "Would be won"),
        ),
        f"sort_desc({each('slimgate_workload_image_bytes', *labels, where=where)})",
        each("slimgate_workload_over_limits_bytes", *labels, where=where),
        unit="bytes",
        width=width,
        links=(("Namespace", to_page("slimgate-namespace", "workload_namespace")),),
    )


def uses(title: str, where: str, width: int = 24) -> Panel:
    """Show which images of which workloads do."""
    labels = (*_WORKLOAD[1:], "image")
    return table(
        title,
        "Each workload's fair share of each of its images, on all nodes: the largest ten of each "
        "namespace. A click on an image leads to it.",
        (
            ("cluster", "Cluster"),
            ("image", "Image"),
            ("workload_namespace", "Namespace"),
            ("workload_kind", "Kind"),
            ("workload", "Workload"),
            ("A", "Share"),
        ),
        f"sort_desc({each('slimgate_image_use_bytes', *labels, where=where)})",
        unit="bytes",
        width=width,
        links=(
            ("Image", to_page("slimgate-image", "image")),
            ("Namespace", to_page("slimgate-namespace", "workload_namespace")),
        ),
    )
